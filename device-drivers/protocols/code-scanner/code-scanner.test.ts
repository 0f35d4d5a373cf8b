import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type ManualClock, manualClock, ms, seconds, unwrap } from '@hallhub/sync/base';
import type { Scan } from '../../capabilities/index.ts';
import { type Driver, type Traffic, silentLog } from '../../kit/index.ts';
import { noise } from '../../kit/testing/index.ts';
import { type MemoryLine, createMemoryLine } from '../../transports/index.ts';
import { begin, hear, moduleSteps, newlandSteps } from './dialogue.ts';
import { codeScannerProtocol } from './driver.ts';
import { encodeModuleReply, encodeModuleRequest, findModuleReply } from './module-frames.ts';
import { type ScannerSimulator, type ScannerSimulatorOptions, createScannerSimulator } from './simulator.ts';
import { decodeText } from './text.ts';

let clock: ManualClock;
let line: MemoryLine;
let scanner: ScannerSimulator;
let driver: Driver;
let scans: Scan[];
let unreadable: string[];
let traffic: Traffic[];

async function start(
  params: Record<string, unknown> = {},
  simulated: Partial<ScannerSimulatorOptions> = {},
  prepare: () => void = () => undefined,
): Promise<void> {
  clock = manualClock();
  line = createMemoryLine({ name: 'scanner' });
  scanner = createScannerSimulator({ transport: line.device, ...simulated });
  await scanner.start();
  prepare();
  [scans, unreadable, traffic] = [[], [], []];
  [driver] = unwrap(
    codeScannerProtocol.connect(
      { transport: { kind: 'memory', name: 'scanner' }, devices: [{ deviceId: 'scanner', params }] },
      {
        clock,
        random: (size) => new Uint8Array(size),
        log: silentLog,
        transportFactory: () => ({ ok: true, value: line.host }),
      },
    ),
  ) as [Driver];
  driver.capabilities.codeScanner?.onScan((scan) => scans.push(scan));
  driver.capabilities.codeScanner?.onUnreadable(({ code }) => unreadable.push(code));
  driver.onTraffic((seen) => traffic.push(seen));
  driver.start();
  await clock.advanceAsync(ms(500));
}

afterEach(async () => {
  await driver.stop();
  await scanner.stop();
  expect(clock.pending).toBe(0);
});

const texts = (): readonly string[] => scans.map(({ text }) => text);

describe('codes', () => {
  it('are told with their text, and nothing of them is told to operators', async () => {
    await start();
    await scanner.scan('报到 20260001');
    await clock.advanceAsync(ms(10));
    expect(texts()).toEqual(['报到 20260001']);
    expect(JSON.stringify(traffic)).not.toContain('2026');
    expect(traffic.every(({ bytes }) => bytes.length === 0)).toBe(true);
  });

  it('end at a pause where the scanner sends no suffix', async () => {
    await start({}, { suffix: '' });
    await scanner.scan('ABC');
    await clock.advanceAsync(ms(40));
    expect(texts()).toEqual([]);
    await clock.advanceAsync(ms(20));
    expect(texts()).toEqual(['ABC']);
  });

  it('in GB18030 are read as well as those in UTF-8', async () => {
    await start();
    await scanner.scan(Uint8Array.of(0xc4, 0xe3, 0xba, 0xc3));
    await clock.advanceAsync(ms(100));
    expect(texts()).toEqual(['你好']);
  });

  it('that are too long are refused as a whole, those as long as allowed are not', async () => {
    await start({ longest: 20 });
    await scanner.scan('A'.repeat(20));
    await clock.advanceAsync(seconds(2));
    for (const size of [21, 22, 500]) {
      await scanner.scan('B'.repeat(size));
      await clock.advanceAsync(seconds(2));
    }
    expect(texts()).toEqual(['A'.repeat(20)]);
    expect(unreadable).toEqual(['E-SCAN-0101', 'E-SCAN-0101', 'E-SCAN-0101']);
  });

  it('that are no text are refused', async () => {
    await start({ encoding: 'utf-8' });
    await scanner.scan(Uint8Array.of(0xff, 0xfe, 0xfd));
    await clock.advanceAsync(ms(100));
    expect(unreadable).toEqual(['E-SCAN-0102']);
  });

  it('are told once while they are held there, and again later', async () => {
    await start();
    for (let time = 0; time < 3; time += 1) {
      await scanner.scan('SAME');
      await clock.advanceAsync(ms(500));
    }
    expect(texts()).toEqual(['SAME']);
    await clock.advanceAsync(seconds(2));
    await scanner.scan('SAME');
    await clock.advanceAsync(ms(100));
    expect(texts()).toEqual(['SAME', 'SAME']);
  });
});

describe('the setup', () => {
  it('of a newland scanner shows that it is there, and is left again', async () => {
    await start({ setup: { language: 'newland' }, firmware: 'HR15' }, { language: 'newland' });
    expect(driver.health.state).toBe('ready');
    expect(scanner.isInSetup).toBe(false);
    expect(traffic.some(({ meaning }) => meaning === 'it says HR15 V1.02')).toBe(true);
    await scanner.scan('AFTER');
    await clock.advanceAsync(ms(100));
    expect(texts()).toEqual(['AFTER']);
  });

  it('with another firmware is degraded, and reads codes all the same', async () => {
    await start({ setup: { language: 'newland' }, firmware: 'HR10' }, { language: 'newland' });
    expect(driver.health).toMatchObject({ state: 'degraded', reason: { code: 'E-DEV-0302' } });
    await scanner.scan('CODE');
    await clock.advanceAsync(ms(100));
    expect(texts()).toEqual(['CODE']);
  });

  it('that is not answered is asked for again, and codes are read meanwhile', async () => {
    await start({ setup: { language: 'module' } }, { language: 'module' }, () => {
      scanner.silent = true;
    });
    await scanner.scan('DURING');
    await clock.advanceAsync(seconds(2));
    expect(driver.health).toMatchObject({ state: 'degraded', reason: { code: 'E-DEV-0202' } });
    expect(texts()).toEqual(['DURING']);
    scanner.silent = false;
    await clock.advanceAsync(seconds(40));
    expect(driver.health.state).toBe('ready');
  });

  it('that is refused is another matter than one that is not answered', async () => {
    const settings = [{ address: 0x00d9, data: [0xd3] }];
    await start({ setup: { language: 'module', settings } }, { language: 'module' }, () => {
      scanner.refuses = true;
    });
    expect(driver.health).toMatchObject({
      state: 'degraded',
      reason: { code: 'E-DEV-0203', detail: 'which speed: status 1' },
    });
    await scanner.scan('DURING');
    await clock.advanceAsync(ms(100));
    expect(texts()).toEqual(['DURING']);
    scanner.refuses = false;
    await clock.advanceAsync(seconds(40));
    expect(driver.health.state).toBe('ready');
    expect(scanner.settings.get(0x00d9)).toEqual([0xd3]);
  });

  it('of a module is written each time the line comes up', async () => {
    const settings = [{ address: 0x0000, data: [0xd6] }];
    await start({ setup: { language: 'module', settings } }, { language: 'module' });
    expect(driver.health.state).toBe('ready');
    expect(scanner.settings.get(0)).toEqual([0xd6]);
  });
});

describe('module frames', () => {
  it('are those of the manuals', () => {
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
    expect(hex(encodeModuleRequest({ kind: 'read', address: 0x002a, count: 2 }))).toBe('7e000701002a02d80f');
    expect(hex(encodeModuleRequest({ kind: 'write', address: 0x00d9, data: [0xd3] }))).toBe('7e00080100d9d32038');
  });

  it('are found among other bytes, and only when whole', () => {
    const reply = fc.record({ status: fc.constant(0), data: fc.array(fc.nat(255), { maxLength: 20 }) });
    fc.assert(
      fc.property(reply, fc.uint8Array({ min: 0x20, maxLength: 30 }), (given, before) => {
        const bytes = encodeModuleReply(given);
        const all = Uint8Array.from([...before, ...bytes]);
        expect(findModuleReply(all)).toEqual({ from: before.length, to: all.length, reply: given });
        for (let end = 0; end < all.length; end += 1) expect(findModuleReply(all.subarray(0, end))).toBeUndefined();
      }),
    );
  });
});

it('loses no byte of a code that comes between question and answer', () => {
  const [first] = newlandSteps;
  const text = fc.stringMatching(/^[A-Z0-9 ]{0,20}$/);
  fc.assert(
    fc.property(text, text, fc.integer({ min: 1, max: 8 }), (before, after, size) => {
      const all = Buffer.from(`${before}@@@@${after}`, 'latin1');
      let state = begin(first ? [first] : []);
      let rest = '';
      let answers = 0;
      for (let at = 0; at < all.length; at += size) {
        const heard = hear(state, all.subarray(at, at + size));
        state = heard.state;
        rest += Buffer.from(heard.rest).toString('latin1');
        if (heard.answered) answers += 1;
      }
      expect([answers, rest, state.steps.length]).toEqual([1, before + after, 0]);
    }),
  );
});

it('finds the answer of a module among codes however it is cut, loses no byte of them, and keeps little of noise', () => {
  const code = fc.stringMatching(/^[A-Z0-9]{0,20}\r?$/).map((text) => Buffer.from(text, 'latin1'));
  const reply = fc.record({ status: fc.nat(3), data: fc.array(fc.nat(255), { maxLength: 20 }) });
  fc.assert(
    fc.property(code, reply, code, fc.integer({ min: 1, max: 8 }), (before, given, after, size) => {
      const all = Buffer.concat([before, encodeModuleReply(given), after]);
      let state = begin(moduleSteps([]));
      const rest: number[] = [];
      let answers = 0;
      for (let at = 0; at < all.length; at += size) {
        const heard = hear(state, all.subarray(at, at + size));
        ({ state } = heard);
        rest.push(...heard.rest);
        if (heard.answered) answers += 1;
      }
      expect([answers, Buffer.from(rest)]).toEqual([1, Buffer.concat([before, after])]);
      expect(state.refused).toBe(given.status === 0 ? undefined : `which speed: status ${given.status}`);
    }),
  );
  let state = begin(moduleSteps([]));
  let rest = 0;
  const rubbish = noise(1_000_000, 3);
  for (let at = 0; at < rubbish.length; at += 4_096) {
    const heard = hear(state, rubbish.subarray(at, at + 4_096));
    ({ state } = heard);
    rest += heard.rest.length;
    expect(Math.min(at + 4_096, rubbish.length) - rest).toBeLessThanOrEqual(1_024);
  }
  expect(hear(state, encodeModuleReply({ status: 0, data: [1] })).answered).toBe(true);
});

it('decodes every text that a person can scan, and throws for no bytes', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[\u4e00-\u9fa5A-Za-z0-9 :/?=&]{1,40}$/), (text) => {
      expect(decodeText(new TextEncoder().encode(text), 'auto')).toEqual({ ok: true, value: text });
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(typeof decodeText(bytes, 'auto').ok).toBe('boolean');
    }),
  );
});
