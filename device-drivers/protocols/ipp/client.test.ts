import { Duplex } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { type ManualClock, manualClock, ms, systemClock, unwrap } from '@hallhub/sync/base';
import { ippClient } from './client.ts';
import { ippPrinterDriver } from './driver.ts';
import { type SimulatedPrinter, simulatedPrinter } from './simulator/index.ts';

const pdf = new TextEncoder().encode('%PDF-1.7 << /Type /Page >> << /Type /Page >> << /Type /Pages >>');
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function pair(): { clock: ManualClock; printer: SimulatedPrinter; client: ReturnType<typeof ippClient> } {
  const clock = manualClock();
  const printer = simulatedPrinter({ clock, perPage: ms(1_000) });
  closing.push(() => {
    printer.close();
  });
  const client = ippClient({
    uri: 'ipp://memory/ipp/print',
    clock: systemClock({ mode: 'test' }),
    connect: printer.connect,
  });
  return { clock, printer, client };
}

const job = { name: '0198a2b0-0000-7000-8000-000000000001', copies: 1, duplex: false };

describe('the IPP client over an in-memory line', () => {
  test('prints step by step, and the sheets lie on the tray', async () => {
    const { clock, printer, client } = pair();
    const created = unwrap(await client.createJob({ ...job, copies: 2 }));
    expect(created).toMatchObject({ jobId: 1, state: 'pending', name: job.name, reasons: ['job-data-insufficient'] });
    expect(created.jobUuid).toMatch(/^urn:uuid:/);
    expect(unwrap(await client.sendDocument(created.jobId, pdf, 'application/pdf')).state).toBe('processing');
    clock.advance(ms(3_000));
    expect(unwrap(await client.job(created.jobId))).toMatchObject({ state: 'processing', impressionsCompleted: 3 });
    clock.advance(ms(1_000));
    expect(unwrap(await client.job(created.jobId))).toMatchObject({ state: 'completed', impressionsCompleted: 4 });
    expect(printer.tray.map(({ copy, page }) => [copy, page])).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
    ]);
  });

  test('says what the printer can do and what ails it, without the severity suffix', async () => {
    const { printer, client } = pair();
    expect(unwrap(await client.status())).toMatchObject({
      state: 'idle',
      acceptingJobs: true,
      reasons: [],
      mediaReady: ['iso_a4_210x297mm'],
      copiesMax: 99,
      markers: [{ name: 'Black Toner', level: 80 }],
    });
    printer.inject({ type: 'paper-out' });
    expect(unwrap(await client.status())).toMatchObject({ reasons: ['media-empty', 'media-needed'], mediaReady: [] });
  });

  test('finds its jobs by name, running and ended, and nobody else’s', async () => {
    const { client, printer } = pair();
    const stranger = ippClient({
      uri: 'ipp://memory/',
      clock: systemClock({ mode: 'test' }),
      connect: printer.connect,
      user: 'x',
    });
    unwrap(await stranger.cancelJob(unwrap(await stranger.createJob(job)).jobId));
    const first = unwrap(await client.createJob(job));
    unwrap(await client.cancelJob(first.jobId));
    const second = unwrap(await client.createJob(job));
    const found = unwrap(await client.findJobs(job.name));
    expect(found.map(({ jobId, state }) => [jobId, state])).toEqual([
      [second.jobId, 'pending'],
      [first.jobId, 'canceled'],
    ]);
    expect(unwrap(await client.findJobs('another'))).toEqual([]);
  });

  test('tells busy, unknown and refused apart', async () => {
    const { client } = pair();
    const created = unwrap(await client.createJob(job));
    expect(await client.createJob(job)).toMatchObject({ ok: false, error: { code: 'E-PRN-0102' } });
    expect(await client.job(99)).toMatchObject({ ok: false, error: { code: 'E-PRN-0103' } });
    unwrap(await client.sendDocument(created.jobId, pdf, 'application/pdf'));
    const repeated = await client.sendDocument(created.jobId, pdf, 'application/pdf');
    expect(repeated).toMatchObject({ ok: false, error: { code: 'E-PRN-0104', detail: '0x0509 one document a job' } });
  });

  test('knows that bytes may have arrived when the line breaks during an upload', async () => {
    const { client, printer, clock } = pair();
    const created = unwrap(await client.createJob(job));
    printer.inject({ type: 'upload-cut', afterBytes: 40_000 });
    const big = new Uint8Array(200_000).fill(0x20);
    expect(await client.sendDocument(created.jobId, big, 'application/pdf')).toMatchObject({
      ok: false,
      error: { code: 'E-PRN-0106' },
    });
    clock.advance(ms(1_000));
    // The printer made a page of the part that arrived, and calls it completed: just what real ones do.
    expect(printer.tray).toHaveLength(1);
    expect(unwrap(await client.job(created.jobId)).state).toBe('completed');
  });

  test('a printer that is away, and one whose answers get lost', async () => {
    const { client, printer } = pair();
    printer.inject({ type: 'unreachable' });
    expect(await client.status()).toMatchObject({ ok: false, error: { code: 'E-PRN-0101' } });
    printer.clearFaults();
    printer.inject({ type: 'answer-lost', operation: 0x0005 });
    expect(await client.createJob(job)).toMatchObject({ ok: false, error: { code: 'E-PRN-0101' } });
    expect(unwrap(await client.findJobs(job.name))).toMatchObject([{ jobId: 1, state: 'pending' }]);
  });

  test('a silent printer is given up after the quiet time', async () => {
    const clock = manualClock();
    const mute = (): Duplex =>
      new Duplex({
        read: () => undefined,
        write: (_c, _e, done) => {
          done();
        },
      });
    const client = ippClient({ uri: 'ipp://memory/', clock, connect: mute, quietAtMost: ms(5_000) });
    const asked = client.status();
    await clock.advanceAsync(ms(6_000));
    expect(await asked).toMatchObject({
      ok: false,
      error: { code: 'E-PRN-0101', detail: 'nothing heard for 5000 ms' },
    });
  });

  test('over TCP; and a port where nobody listens', async () => {
    const { printer } = pair();
    const clock = systemClock({ mode: 'test' });
    const { uri, close } = await printer.listen();
    expect(unwrap(await ippClient({ uri, clock }).status()).state).toBe('idle');
    await close();
    expect(await ippClient({ uri, clock }).createJob(job)).toMatchObject({ ok: false, error: { code: 'E-PRN-0101' } });
  });

  test('the traffic shows every exchange but never the document', async () => {
    const { printer } = pair();
    const seen: { meaning: string; bytes: Uint8Array }[] = [];
    const client = ippClient({
      uri: 'ipp://memory/',
      clock: systemClock({ mode: 'test' }),
      connect: printer.connect,
      onExchange: (exchange) => seen.push(exchange),
    });
    unwrap(await client.sendDocument(unwrap(await client.createJob(job)).jobId, pdf, 'application/pdf'));
    expect(seen.map(({ meaning }) => meaning).filter((meaning) => !meaning.includes('Get'))).toEqual([
      'Create-Job',
      'Create-Job: 0x0',
      `Send-Document, and a document of ${pdf.length} octets`,
      'Send-Document: 0x0',
    ]);
    expect(seen.some(({ bytes }) => Buffer.from(bytes).includes('%PDF'))).toBe(false);
  });
});

describe('the simulated printer', () => {
  test('stops for want of paper, goes on when refilled; a cancelled page still comes out', async () => {
    const { clock, printer, client } = pair();
    const { jobId } = unwrap(await client.createJob(job));
    printer.inject({ type: 'paper-out' });
    unwrap(await client.sendDocument(jobId, pdf, 'application/pdf'));
    clock.advance(ms(5_000));
    expect(unwrap(await client.job(jobId))).toMatchObject({ state: 'stopped', impressionsCompleted: 0 });
    printer.clearFaults();
    unwrap(await client.cancelJob(jobId));
    expect(unwrap(await client.job(jobId)).reasons).toEqual(['processing-to-stop-point']);
    clock.advance(ms(5_000));
    expect(unwrap(await client.job(jobId))).toMatchObject({ state: 'canceled', impressionsCompleted: 1 });
    expect(printer.tray).toHaveLength(1);
  });

  test('jams, lies, and begins its job ids again after a restart', async () => {
    const { clock, printer, client } = pair();
    printer.inject({ type: 'jam', afterPages: 1 });
    unwrap(await client.sendDocument(unwrap(await client.createJob(job)).jobId, pdf, 'application/pdf'));
    clock.advance(ms(5_000));
    expect(unwrap(await client.job(1))).toMatchObject({ state: 'aborted', impressionsCompleted: 1 });
    expect(unwrap(await client.status()).reasons).toEqual(['media-jam']);
    printer.clearFaults();
    printer.inject({ type: 'lies' });
    unwrap(await client.sendDocument(unwrap(await client.createJob(job)).jobId, pdf, 'application/pdf'));
    clock.advance(ms(5_000));
    expect(unwrap(await client.job(2))).toMatchObject({ state: 'completed', impressionsCompleted: 2 });
    expect(printer.tray).toHaveLength(1);
    printer.restart();
    expect(await client.job(1)).toMatchObject({ ok: false, error: { code: 'E-PRN-0103' } });
    expect(unwrap(await client.createJob(job)).jobId).toBe(1);
    expect(unwrap(await client.status()).upTimeSeconds).toBe(1);
  });
});

describe('the driver', () => {
  test('tells its health by polling, and asks a dead printer less often', async () => {
    const clock = manualClock();
    const printer = simulatedPrinter({ clock });
    let calls = 0;
    const connect = (): Duplex => {
      calls++;
      return printer.connect();
    };
    const driver = ippPrinterDriver({
      deviceId: 'printer-1',
      uri: 'ipp://memory/',
      clock,
      connect,
      pollEvery: ms(1_000),
    });
    const seen: string[] = [];
    driver.onHealth(({ state, reason }) => seen.push(reason ? `${state} ${reason.code}` : state));
    const until = async (condition: () => boolean): Promise<void> => {
      await expect.poll(condition, { interval: 2 }).toBe(true);
    };
    driver.start();
    await until(() => seen.includes('ready'));
    printer.inject({ type: 'paper-out' });
    clock.advance(ms(1_000));
    await until(() => seen.includes('degraded E-PRN-0201'));
    printer.inject({ type: 'unreachable' });
    clock.advance(ms(1_000));
    await until(() => seen.includes('down E-PRN-0101'));
    const before = calls;
    clock.advance(ms(1_999));
    expect(calls).toBe(before);
    printer.clearFaults();
    clock.advance(ms(1));
    await until(() => seen.at(-1) === 'ready');
    expect(driver.status?.mediaReady).toEqual(['iso_a4_210x297mm']);
    await driver.stop();
    expect(clock.pending).toBe(0);
  });
});
