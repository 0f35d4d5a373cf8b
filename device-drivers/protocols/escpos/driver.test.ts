import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManualClock, epochMs, manualClock, ms, seconds, unwrap } from '@hallhub/sync/base';
import { type Ticket, type TicketPrinter, mayHavePrinted } from '../../capabilities/index.ts';
import { type Driver, type Receipt, type Traffic, silentLog } from '../../kit/index.ts';
import { type MemoryLine, createMemoryLine } from '../../transports/index.ts';
import { type TicketPrinterSimulator, createTicketPrinterSimulator, escposProtocol } from './index.ts';
import { QUEUE_TICKET, ticketOf } from './testing/tickets.ts';

let clock: ManualClock;
let line: MemoryLine;
let simulator: TicketPrinterSimulator;
let driver: Driver;
let printer: TicketPrinter;
let traffic: Traffic[];
let states: string[];

async function connect(params: Record<string, unknown> = {}): Promise<void> {
  clock = manualClock();
  line = createMemoryLine({ name: 'tickets' });
  simulator = createTicketPrinterSimulator({ transport: line.device, clock });
  await simulator.start();
  [driver] = unwrap(
    escposProtocol.connect(
      { transport: { kind: 'memory', name: 'tickets' }, devices: [{ deviceId: 'tickets', params }] },
      {
        clock,
        random: (size) => new Uint8Array(size),
        log: silentLog,
        transportFactory: () => ({ ok: true, value: line.host }),
      },
    ),
  ) as [Driver];
  [traffic, states] = [[], []];
  driver.onTraffic((seen) => traffic.push(seen));
  driver.onHealth(({ state, reason }) => states.push(reason ? `${state} ${reason.code}` : state));
  if (!driver.capabilities.ticketPrinter) throw new Error('no ticket printer');
  printer = driver.capabilities.ticketPrinter;
  driver.start();
  await clock.advanceAsync(seconds(1));
}

beforeEach(() => connect());
afterEach(async () => {
  await driver.stop();
  await simulator.stop();
  await clock.advanceAsync(seconds(60));
  expect(clock.pending).toBe(0);
});

let commands = 0;
const command = (ticket: Ticket, id = `ticket-${(commands += 1)}`) => ({
  id,
  name: 'print' as const,
  args: { ticket },
  issuedAt: clock.now(),
  expiresAt: epochMs(clock.now() + 60_000),
  issuedBy: 'test',
});

/** What the printing came to, time standing still until it has to move. */
async function outcome(printing: Promise<Receipt>): Promise<string> {
  let receipt: Receipt | undefined;
  void printing.then((value) => (receipt = value));
  for (let waited = 0; receipt === undefined && waited < 120; waited += 1) await clock.advanceAsync(ms(500));
  if (!receipt) throw new Error('the printing never ended');
  return receipt.ok ? receipt.value.confirmation : receipt.error.code;
}
const print = (ticket: Ticket): Promise<string> => outcome(printer.print(command(ticket)));
const count = (text: string): number => simulator.text().split(text).length - 1;
const LONG = ticketOf(
  ...Array.from({ length: 60 }, (_, index) => ({ type: 'text' as const, text: `第 ${index} 行，一二三四五六七八` })),
);

describe('a printer that works', () => {
  it('prints every word of a ticket, rare characters included', async () => {
    expect(await print(QUEUE_TICKET)).toBe('acknowledged');
    const text = simulator.text();
    for (const word of ['师生服务大厅', 'A023', '前方等待', '3 人', '㐀𠮷镕', '过号请到服务台，¥0.00 免费']) {
      expect(text).toContain(word);
    }
    expect(text).toContain('[QR https://hall.example.edu/t/A023-7F3K]');
    expect(text.endsWith('✂')).toBe(true);
  });

  it('says observed where the printer reports the end of the physical print, and only then', async () => {
    await driver.stop();
    await connect({ completion: true });
    expect(await print(QUEUE_TICKET)).toBe('observed');
    simulator.setFaults({ noCompletion: true });
    expect(await print(QUEUE_TICKET)).toBe('E-TKT-0206');
    simulator.setFaults({ bytesPerSecond: 400 });
    expect(await print(QUEUE_TICKET)).toBe('observed');
    expect(count('前方等待')).toBe(3);
  });

  it('prints although one answer was lost before it began, and asks no third time', async () => {
    simulator.setFaults({ silent: true });
    const printing = printer.print(command(QUEUE_TICKET));
    await clock.advanceAsync(ms(1_500));
    simulator.setFaults({});
    expect(await outcome(printing)).toBe('acknowledged');
    expect(driver.health.state).toBe('ready');
    expect(count('前方等待')).toBe(1);
    simulator.setFaults({ silent: true });
    const given = printer.print(command(QUEUE_TICKET));
    await clock.advanceAsync(ms(3_500));
    simulator.setFaults({});
    expect(await outcome(given)).toBe('E-DEV-0202');
    expect(count('前方等待')).toBe(1);
  });

  it('says unconfirmed where it can say nothing', async () => {
    await driver.stop();
    await connect({ status: 'none' });
    simulator.setFaults({ silent: true });
    expect(await print(QUEUE_TICKET)).toBe('unconfirmed');
    expect(count('前方等待')).toBe(1);
    expect(await printer.status()).toMatchObject({ ok: false, error: { code: 'E-DEV-0203' } });
  });

  it('prints tickets one after the other, in order, and no more than may wait', async () => {
    await driver.stop();
    await connect({ queueLimit: 3 });
    const tickets = ['一号', '二号', '三号', '四号'].map((text) => ticketOf({ type: 'text', text }));
    const outcomes = await Promise.all(tickets.map(print));
    expect(outcomes).toEqual(['acknowledged', 'acknowledged', 'acknowledged', 'E-DEV-0205']);
    expect(simulator.text().match(/.号/g)).toEqual(['一号', '二号', '三号']);
  });

  it('prints a command once, however often it comes', async () => {
    const same = command(QUEUE_TICKET);
    expect(await Promise.all([outcome(printer.print(same)), outcome(printer.print(same))])).toEqual([
      'acknowledged',
      'acknowledged',
    ]);
    expect(count('师生服务大厅')).toBe(1);
  });

  it('prints nothing that expired while it waited', async () => {
    simulator.setFaults({ noStatus: true });
    const late = { ...command(QUEUE_TICKET), expiresAt: epochMs(clock.now() + 200) };
    const printing = printer.print(late);
    await clock.advanceAsync(ms(400));
    simulator.setFaults({});
    // This one expires while it is asked once more; the next in the queue behind a slow one.
    expect(await outcome(printing)).toBe('E-DEV-0201');
    simulator.setFaults({ noStatus: true });
    const slow = printer.print(command(QUEUE_TICKET));
    const behind = printer.print({ ...command(LONG), expiresAt: epochMs(clock.now() + 500) });
    await clock.advanceAsync(ms(600));
    simulator.setFaults({});
    await outcome(slow);
    expect(await outcome(behind)).toBe('E-DEV-0201');
    expect(simulator.text()).not.toContain('第 0 行');
  });

  it('shows an operator how much went out, never what', async () => {
    await print(QUEUE_TICKET);
    const sent = traffic.filter(({ meaning }) => meaning.startsWith('ticket'));
    expect(sent.length).toBeGreaterThan(0);
    for (const { bytes, meaning } of sent) {
      expect(bytes).toHaveLength(0);
      expect(meaning).toMatch(/contents withheld$/);
    }
  });

  it('refuses what is no ticket, or does not fit on its paper, before any byte', async () => {
    const control = { blocks: [{ type: 'text', text: '\x1bp0', align: 'left', size: 1, bold: false }] } as const;
    expect(await print(control as unknown as Ticket)).toBe('E-TKT-0106');
    const wide = ticketOf({ type: 'image', width: 800, height: 1, bits: new Uint8Array(100) });
    expect(await print(wide)).toBe('E-TKT-0106');
    const torn = ticketOf({ type: 'image', width: 80, height: 2, bits: new Uint8Array(10) });
    expect(await print(torn)).toBe('E-TKT-0106');
    expect(simulator.roll).toEqual([]);
  });
});

describe('a printer that cannot print', () => {
  it.each([
    ['paper', 'E-TKT-0101', () => simulator.setPaper('end')],
    ['cover', 'E-TKT-0102', () => simulator.setCover('open')],
    ['cutter', 'E-TKT-0103', () => simulator.setCutterError(true)],
  ])('is not given the ticket: %s', async (_name, code, fault) => {
    fault();
    expect(await print(QUEUE_TICKET)).toBe(code);
    expect(simulator.buffered + simulator.roll.length).toBeLessThan(20);
    expect(mayHavePrinted({ code })).toBe(false);
    expect(states.at(-1)).toBe(`degraded ${code}`);
    simulator.setPaper('ok');
    simulator.setCover('closed');
    simulator.setCutterError(false);
    expect(simulator.text()).not.toContain('A023');
    await clock.advanceAsync(seconds(6));
    expect(driver.health.state).toBe('ready');
  });

  it('tells that its paper is nearly used up, and prints', async () => {
    simulator.setPaper('near-end');
    expect(await print(QUEUE_TICKET)).toBe('acknowledged');
    expect(driver.health).toMatchObject({ state: 'degraded', reason: { code: 'E-TKT-0105' } });
    expect(await outcomeOf(printer.status())).toMatchObject({ paper: 'near-end', online: true, cover: 'closed' });
  });

  it.each([
    ['silent', 'E-DEV-0202', { silent: true }],
    ['without status', 'E-DEV-0202', { noStatus: true }],
    ['with wrong status bits', 'E-DEV-0204', { wrongStatusBits: true }],
  ])('is not given the ticket: %s', async (_name, code, faults) => {
    simulator.setFaults(faults);
    expect(await print(QUEUE_TICKET)).toBe(code);
    expect(simulator.roll).toEqual([]);
    expect(driver.health.state).toBe('down');
  });

  it('is understood through the garbage before its answers', async () => {
    simulator.setFaults({ garbageBytes: 9 });
    expect(await print(QUEUE_TICKET)).toBe('acknowledged');
  });
});

describe('a ticket that breaks off', () => {
  it.each([{ clear: 'none' }, { clear: 'dle-dc4' }])('is given up where the paper ends: $clear', async (params) => {
    await driver.stop();
    await connect({ ...params, completion: true });
    simulator.setFaults({ paperLines: 10 });
    expect(await print(LONG)).toBe('E-TKT-0201');
    const before = count('行');
    expect(before).toBe(10);
    simulator.setPaper('ok');
    // What the printer kept comes out when it is mended, unless its buffers were cleared; the driver sends nothing again.
    if (params.clear === 'dle-dc4') expect(count('行')).toBe(0);
    await clock.advanceAsync(seconds(30));
    expect(count('第 59 行')).toBe(0);
    expect(await print(QUEUE_TICKET)).toBe('observed');
  });

  it('is given up when the cover is opened', async () => {
    await driver.stop();
    await connect({ completion: true });
    simulator.setFaults({ bytesPerSecond: 200 });
    const printing = printer.print(command(LONG));
    await clock.advanceAsync(seconds(2));
    simulator.setCover('open');
    const code = await outcome(printing);
    expect(code).toBe('E-TKT-0202');
    expect(mayHavePrinted({ code: 'E-TKT-0202' })).toBe(true);
  });

  it('is given up when the power goes, buffer and all, and never comes out twice', async () => {
    await driver.stop();
    await connect({ completion: true });
    simulator.setFaults({ bytesPerSecond: 200 });
    const printing = printer.print(command(LONG));
    await clock.advanceAsync(seconds(2));
    simulator.setPower(false);
    await clock.advanceAsync(ms(300));
    simulator.setPower(true);
    simulator.setFaults({});
    expect(await outcome(printing)).toBe('E-TKT-0206');
    await clock.advanceAsync(seconds(60));
    expect(count('第 0 行')).toBe(1);
    expect(count('第 59 行')).toBe(0);
    expect(await print(QUEUE_TICKET)).toBe('observed');
  });

  it('is given up when the line breaks', async () => {
    await driver.stop();
    await connect({ completion: true });
    simulator.setFaults({ bytesPerSecond: 200 });
    const printing = printer.print(command(LONG));
    await clock.advanceAsync(seconds(2));
    line.unplug();
    expect(await outcome(printing)).toBe('E-TKT-0205');
    line.plug();
    await clock.advanceAsync(seconds(60));
    expect(count('第 0 行')).toBe(1);
    expect(driver.health.state).toBe('ready');
  });

  it('is given up at the first word of a printer that tells by itself', async () => {
    await driver.stop();
    await connect({ status: 'asb', completion: true });
    simulator.setFaults({ bytesPerSecond: 200 });
    const printing = printer.print(command(LONG));
    await clock.advanceAsync(seconds(2));
    simulator.setFaults({ bytesPerSecond: 200, noStatus: true });
    simulator.setCover('open');
    expect(await outcome(printing)).toBe('E-TKT-0202');
  });
});

async function outcomeOf<T>(asking: Promise<{ ok: true; value: T } | { ok: false; error: unknown }>): Promise<T> {
  await clock.advanceAsync(seconds(1));
  const result = await asking;
  if (!result.ok) throw new Error('no status');
  return result.value;
}
