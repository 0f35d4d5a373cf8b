import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManualClock, manualClock, ms, plus, seconds, unwrap } from '@hallhub/sync/base';
import { type Driver, type Receipt, type Traffic, silentLog } from '../../kit/index.ts';
import { type MemoryLine, createMemoryLine } from '../../transports/index.ts';
import { zplProtocol } from './driver.ts';
import { type LabelPrinterSimulator, createLabelPrinterSimulator } from './simulator.ts';

let clock: ManualClock;
let line: MemoryLine;
let printer: LabelPrinterSimulator;
let driver: Driver;
let seen: Traffic[];
let ids = 0;

async function start(params: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const [made] = unwrap(
    zplProtocol.connect(
      { transport: { kind: 'memory', name: 'labels' }, devices: [{ deviceId: 'labels', params }] },
      {
        clock,
        random: (size) => new Uint8Array(size),
        log: silentLog,
        transportFactory: () => ({ ok: true, value: line.host }),
      },
    ),
  );
  if (!made) throw new Error('no driver');
  driver = made;
  driver.onTraffic((event) => seen.push(event));
  driver.start();
  await clock.advanceAsync(seconds(2));
}

beforeEach(async () => {
  clock = manualClock();
  line = createMemoryLine({ name: 'labels' });
  printer = createLabelPrinterSimulator({ transport: line.device, clock });
  seen = [];
  await printer.start();
});
afterEach(async () => {
  await driver.stop();
  await printer.stop();
  expect(clock.pending).toBe(0);
});

async function print(copies = 1, lives = seconds(60)): Promise<Receipt> {
  ids += 1;
  let receipt: Receipt | undefined;
  void driver.capabilities.labelPrinter
    ?.print({
      id: `c-${ids}`,
      name: 'print',
      args: {
        template: 'bag',
        fields: { to: 'North Campus', from: 'Hall 1', number: 'BAG-1', note: 'Zhang San', code: 'BAG-1' },
        copies,
      },
      issuedAt: clock.now(),
      expiresAt: plus(clock.now(), lives),
      issuedBy: 'test',
    })
    .then((given) => {
      receipt = given;
    });
  for (let step = 0; step < 20_000 && !receipt; step += 1) await clock.advanceAsync(ms(10));
  if (!receipt) throw new Error('no receipt came');
  return receipt;
}

describe('a label printer', () => {
  it('has printed all copies when it says so', async () => {
    await start();
    expect(await print(3)).toMatchObject({ ok: true, value: { confirmation: 'acknowledged' } });
    expect(printer.printed).toHaveLength(3);
  });

  it('that never answers is told, and nothing is claimed', async () => {
    await start({ status: 'none' });
    printer.setFaults({ silent: true });
    expect(await print()).toMatchObject({ ok: true, value: { confirmation: 'unconfirmed' } });
    expect(await driver.capabilities.labelPrinter?.status()).toMatchObject({
      ok: false,
      error: { code: 'E-DEV-0203' },
    });
  });

  it('that is out of labels, or open, is not told anything', async () => {
    await start();
    printer.setFaults({ paperOut: true });
    expect(await print()).toMatchObject({ ok: false, error: { code: 'E-LBL-0105' } });
    printer.setFaults({ headOpen: true });
    expect(await print()).toMatchObject({ ok: false, error: { code: 'E-LBL-0106' } });
    printer.setFaults({});
    await clock.advanceAsync(seconds(30));
    expect(printer.printed).toEqual([]);
    expect(driver.health.state).toBe('ready');
  });

  it('whose roll ends in the middle says so', async () => {
    await start();
    printer.setFaults({ labelsLeft: 2 });
    expect(await print(5)).toMatchObject({ ok: false, error: { code: 'E-LBL-0201', detail: 'E-LBL-0105' } });
    expect(printer.printed).toHaveLength(2);
  });

  it('whose line breaks in the middle is not said to have done nothing', async () => {
    await start();
    const receipt = print(10);
    await clock.advanceAsync(ms(500));
    line.unplug();
    expect(await receipt).toMatchObject({ ok: false, error: { code: 'E-DEV-0206' } });
  });

  it('shows the operator no word of what it prints', async () => {
    await start();
    await print();
    const shown = Buffer.concat(seen.map(({ bytes }) => bytes)).toString('latin1');
    expect(shown).not.toContain('Zhang');
    expect(seen.map(({ meaning }) => meaning).join()).toContain('contents withheld');
  });
});
