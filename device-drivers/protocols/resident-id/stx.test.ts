import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManualClock, manualClock, ms, seconds, unwrap } from '@hallhub/sync/base';
import type { CardRead } from '../../capabilities/index.ts';
import { type Driver, type Traffic, silentLog } from '../../kit/index.ts';
import { framerConformance } from '../../kit/testing/index.ts';
import { createMemoryLine } from '../../transports/index.ts';
import { residentIdProtocol } from './driver.ts';
import { checkCharacter } from './number.ts';
import type { ReaderSimulator } from './simulator-types.ts';
import { createReaderSimulator } from './simulator.ts';
import { createStxReplyFramer, decodeNumber, encodeReadRequest, encodeStxReply } from './stx-frames.ts';
import { FOREIGN_2017, GOLDEN_CARD, OTHER_CARD } from './testing/golden.ts';

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const digits = (length: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }).map((all) => all.join(''));

framerConformance('all-in-one terminal', {
  create: createStxReplyFramer,
  frames: fc.oneof(
    fc
      .uint8Array({ minLength: 36, maxLength: 36 })
      .filter((data) => !data.includes(0x02))
      .map((data) => encodeStxReply({ status: 0x9000, data })),
    fc.integer({ min: 0xf1, max: 0xf4 }).map((status) => encodeStxReply({ status, data: new Uint8Array(0) })),
  ),
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(0x02, 0x00, 0x26, 0x90),
});

describe('numbers', () => {
  it('of 18 characters keep to GB 11643, one wrong digit is refused', () => {
    fc.assert(
      fc.property(digits(17), fc.integer({ min: 0, max: 16 }), fc.integer({ min: 1, max: 9 }), (head, at, by) => {
        const number = head + (checkCharacter(head) ?? '');
        expect(decodeNumber(utf16(number))).toEqual({ ok: true, value: number });
        const wrong = number.slice(0, at) + String((Number(number[at]) + by) % 10) + number.slice(at + 1);
        expect(decodeNumber(utf16(wrong))).toEqual({ ok: false, error: { code: 'E-CARD-0202' } });
      }),
    );
  });

  it('of 15 characters are taken with their padding, and in upper case', () => {
    expect(decodeNumber(utf16('can110081010101   '))).toEqual({ ok: true, value: 'CAN110081010101' });
    expect(decodeNumber(utf16('CAN110081010101\0\0\0'))).toEqual({ ok: true, value: 'CAN110081010101' });
  });

  it('are taken or refused, never thrown over, and a refusal quotes nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 36, maxLength: 36 }), (data) => {
        const number = decodeNumber(data);
        if (!number.ok) expect(number.error.detail ?? '').toMatch(/^(?:number)?$/);
      }),
    );
  });
});

describe('an all-in-one terminal', () => {
  let clock: ManualClock;
  let simulator: ReaderSimulator;
  let driver: Driver;
  let shown: CardRead['presented'][];
  let states: string[];
  let traffic: Traffic[];

  beforeEach(async () => {
    clock = manualClock();
    const line = createMemoryLine({ name: 'terminal' });
    simulator = createReaderSimulator({ transport: line.device, clock, variant: 'stx-number' });
    await simulator.start();
    const connected = residentIdProtocol.connect(
      {
        transport: { kind: 'memory', name: 'terminal' },
        devices: [{ deviceId: 'terminal', params: { framing: 'stx-number' } }],
      },
      {
        clock,
        random: (size) => new Uint8Array(size),
        log: silentLog,
        transportFactory: () => ({ ok: true, value: line.host }),
      },
    );
    [driver] = unwrap(connected) as [Driver];
    [shown, states, traffic] = [[], [], []];
    driver.capabilities.cardReader?.onCard(({ presented }) => shown.push(presented));
    driver.onHealth(({ state }) => states.push(state));
    driver.onTraffic((seen) => traffic.push(seen));
    driver.start();
    await clock.advanceAsync(seconds(1));
  });
  afterEach(async () => {
    await driver.stop();
    await simulator.stop();
    expect(clock.pending).toBe(0);
  });

  it('gives the number of each card once, however long it lies there', async () => {
    expect(states).toEqual(['ready']);
    for (const card of [GOLDEN_CARD, OTHER_CARD, FOREIGN_2017]) {
      simulator.putCard(card);
      await clock.advanceAsync(seconds(20));
      simulator.liftCard();
      await clock.advanceAsync(seconds(2));
    }
    expect(shown).toEqual([
      { type: 'resident-number', number: '11010519491231002X' },
      { type: 'resident-number', number: '440524188001010014' },
      { type: 'resident-number', number: 'CAN110081010101' },
    ]);
  });

  it('asks for the number alone, and shows it to no operator', async () => {
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(1));
    const out = traffic.filter(({ direction }) => direction === 'out');
    expect(out.length).toBeGreaterThan(0);
    for (const { bytes } of out) expect(Buffer.from(bytes).toString('hex')).toBe('020003ca0101ca03');
    expect(encodeReadRequest('number')).toHaveLength(8);
    const number = utf16('11010519491231002X').toString('hex');
    const seen = traffic.map(({ bytes }) => Buffer.from(bytes).toString('hex'));
    expect(seen).toContain('0200269000');
    for (const bytes of seen) expect(bytes).not.toContain(number.slice(0, 24));
  });

  it('is down while it is silent, ready again by itself, and reports a card that came meanwhile', async () => {
    simulator.setFaults({ silent: true });
    await clock.advanceAsync(seconds(20));
    expect(states.at(-1)).toBe('down');
    simulator.putCard(GOLDEN_CARD);
    simulator.setFaults({});
    await clock.advanceAsync(seconds(20));
    expect(states.at(-1)).toBe('ready');
    expect(shown).toHaveLength(1);
  });

  it('takes noise, doubles and late answers, and no spoilt one', async () => {
    simulator.setFaults({ badChecksum: true });
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(5));
    expect(shown).toEqual([]);
    simulator.setFaults({ noiseBytes: 9, duplicate: true, slow: ms(400) });
    await clock.advanceAsync(seconds(10));
    expect(shown).toHaveLength(1);
  });
});
