import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentHost } from '@hallhub/device-drivers/agent';
import { createHubQuestions } from '@hallhub/device-drivers/agent/station';
import { silentLog } from '@hallhub/device-drivers/kit';
import { ippClient, simulatedPrinter } from '@hallhub/device-drivers/protocols/ipp';
import type { Clock, Failure, Result } from '@hallhub/sync/base';
import { err, manualClock, minutes, ms, ok, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import { openDatabase } from '@hallhub/sync/sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { documentFetcher } from '../agent/fetch-image.ts';
import { createFront } from '../api/testing/front.ts';
import { asStudent, request, testService } from '../certificates/testing/kit.ts';
import { createHandover } from './handover.ts';
import type { AgentLink } from './link.ts';
import { createRemoteHost } from './remote-host.ts';
import { agentRoutes } from './routes.ts';

/*
 * A megabyte of paper on its way to a printer behind an agent: messages as they go over the broker, the document over the
 * hub's own HTTP route, the printer on a line of its own. Only the broker itself is left out.
 */

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const AGENT = 'kiosk-3';
const paper = (size: number): Uint8Array => Buffer.from(`%PDF-1.7\n<< /Type /Page >>\n%%EOF\n`.padEnd(size, ' '));

/** Passes connections on, and breaks each that carried more than so many bytes from the server. */
async function tearing(target: string, limits: number[]): Promise<string> {
  const { port } = new URL(target);
  const server = createServer((socket) => {
    const most = limits.shift() ?? Infinity;
    const upstream = connect(Number(port), '127.0.0.1');
    let passed = 0;
    socket.on('error', () => undefined).pipe(upstream.on('error', () => undefined));
    upstream.on('data', (part: Buffer) => {
      passed += part.length;
      if (passed <= most) socket.write(part);
      else {
        socket.destroy();
        upstream.destroy();
      }
    });
    upstream.on('end', () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function setUp(options: { readonly tear?: number[]; readonly twice?: boolean; readonly bytes?: number } = {}) {
  const clock: Clock = systemClock({ mode: 'test', speed: 20 });
  const real = systemClock({ mode: 'test' });
  const handover = createHandover({ clock: real, random: systemRandom });
  const front = await createFront({
    clock: real,
    who: {},
    routes: (api, live) => {
      const link = { handover, onChange: () => () => undefined } as unknown as AgentLink;
      const enrolment = {} as Parameters<typeof agentRoutes>[1]['enrolment'];
      agentRoutes(api, { configured: [], enrolment, link, live, withdrawing: () => [], fingerprint: undefined });
    },
  });
  closing.push(() => front.close());
  const hubUrl = await front.listen();

  const printer = simulatedPrinter({ clock, perPage: ms(500) });
  closing.push(() => {
    printer.close();
  });
  const device = { id: 'printer-1', transport: { kind: 'memory', name: 'p' } } as const;
  const pagePrinter = ippClient({ uri: 'ipp://memory/', clock: real, connect: printer.connect });
  const beside = { capability: () => pagePrinter } as unknown as AgentHost;

  const answers = new Map<string, (message: { value?: unknown; error?: Failure }) => void>();
  const sizes: number[] = [];
  const questions = createHubQuestions({
    connection: {
      send: (_, payload) => {
        const { id, ...message } = JSON.parse(Buffer.from(payload).toString()) as { id: string };
        answers.get(id)?.(message);
        return true;
      },
    },
    host: () => beside,
    parts: [],
    fetchBytes: documentFetcher({
      agent: AGENT,
      hubUrl: await tearing(hubUrl, options.tear ?? []),
      mqtt: { tls: false },
    }),
    leaveSafeMode: () => undefined,
    restart: () => undefined,
    withdrawn: () => undefined,
  });
  let serial = 0;
  const ask = (method: string, params: object): Promise<Result<unknown>> =>
    new Promise((resolve) => {
      const id = `ask-${++serial}`;
      answers.set(id, ({ value, error }) => {
        answers.delete(id);
        resolve(error ? err(error) : ok(value));
      });
      const payload = Buffer.from(JSON.stringify({ id, method, params, within: 8_000 }));
      sizes.push(payload.length);
      void questions(payload);
      if (options.twice === true) void questions(payload);
    });
  const host = createRemoteHost({
    pipe: { connected: () => true, command: () => undefined, ask: (_, method, params) => ask(method, params) },
    db: openDatabase({ file: ':memory:' }),
    agentClock: () => ({ toHub: () => real.now() }),
    clock: real,
    log: silentLog,
    handover,
  });
  host.assign([
    { agent: AGENT, definition: { ...device, profile: 'generic/ipp-everywhere' }, capabilities: ['pagePrinter'] },
  ]);

  const folder = mkdtempSync(join(tmpdir(), 'hallhub-documents-'));
  const pdf = paper(options.bytes ?? 1 << 20);
  const hub = testService({
    file: join(folder, 'hub.db'),
    clock,
    printers: [
      {
        printerId: 'printer-1',
        name: 'far',
        countsImpressions: true,
        printer: host.capability('printer-1', 'pagePrinter')!,
      },
    ],
    change: {
      pdf: {
        render: () => Promise.resolve(ok({ pdf, pages: 1 })),
        inspect: () => Promise.resolve(ok({ pages: 1 })),
        overprint: (same) => Promise.resolve(ok({ pdf: same })),
        memory: undefined,
        stop: () => Promise.resolve(),
      },
    },
  });
  closing.push(async () => {
    await hub.close();
    rmSync(folder, { recursive: true });
  });
  hub.service.upsert(request());
  const printed = async (): Promise<string | undefined> => {
    const { attemptId } = unwrap(await hub.service.print('request-1', 'printer-1', 1, asStudent));
    await expect
      .poll(() => hub.service.job(attemptId)?.state, { timeout: 20_000, interval: 5 })
      .toMatch(/^(printed|not-printed|uncertain)$/);
    return hub.service.job(attemptId)?.state;
  };
  return { hub, printer, printed, sizes, handover, hubUrl };
}

describe('a large document for a printer behind an agent', () => {
  it('is fetched over HTTP, is whole, and no message comes near the limit', async () => {
    const { hub, printer, printed, sizes } = await setUp();
    expect(await printed()).toBe('printed');
    expect(printer.tray.map(({ documentSha256 }) => documentSha256)).toEqual([
      hub.service.get('request-1')?.documentSha256,
    ]);
    expect(Math.max(...sizes)).toBeLessThan(2_000);
  });

  it('whose way is cut was not sent: it is tried again by itself, and one sheet comes out', async () => {
    // So long that it cannot lie in the buffers between the two: the hub knows that not all of it went out.
    const { printer, printed } = await setUp({ tear: [300_000, 700_000], bytes: 16 << 20 });
    expect(await printed()).toBe('printed');
    expect(printer.tray).toHaveLength(1);
    expect(printer.jobs.map(({ state }) => state)).toEqual([7, 7, 9]);
  });

  it('whose end was lost after it had left the hub: no sheet, told by the printer, and the copy is free', async () => {
    const { hub, printer, printed } = await setUp({ tear: [1_000_000] });
    expect(['printed', 'not-printed']).toContain(await printed());
    expect(printer.tray).toHaveLength(hub.service.get('request-1')?.copiesUsed ?? -1);
  });

  it('comes out once although the pipe brings every message twice', async () => {
    const { printer, printed } = await setUp({ twice: true });
    expect(await printed()).toBe('printed');
    expect(printer.tray).toHaveLength(1);
    expect(printer.jobs).toHaveLength(1);
  });
});

describe('what waits for an agent', () => {
  it('goes to this agent alone, once, and not after its time', async () => {
    const clock = manualClock();
    const handover = createHandover({ clock, random: systemRandom });
    const { token, size } = handover.offer(AGENT, paper(1_000));
    expect(size).toBe(1_000);
    expect(handover.take('kiosk-4', token)).toBeUndefined();
    expect(handover.take(AGENT, `${token}x`)).toBeUndefined();
    expect(handover.take(AGENT, token)?.bytes).toHaveLength(1_000);
    expect(handover.take(AGENT, token)).toBeUndefined();
    const late = handover.offer(AGENT, paper(1_000));
    await clock.advanceAsync(minutes(2));
    expect(handover.take(AGENT, late.token)).toBeUndefined();
  });

  it('is not there for whoever has no token, or that of another', async () => {
    const { handover, hubUrl } = await setUp();
    const { token } = handover.offer(AGENT, paper(1_000));
    const status = async (agent: string, authorization?: string): Promise<number> =>
      (await fetch(`${hubUrl}/api/agents/${agent}/document`, { headers: authorization ? { authorization } : {} }))
        .status;
    expect(await status(AGENT)).toBe(404);
    expect(await status('kiosk-4', `Bearer ${token}`)).toBe(404);
    expect(await status(AGENT, `Bearer ${token}`)).toBe(200);
    expect(await status(AGENT, `Bearer ${token}`)).toBe(404);
  });

  it('counts as arrived once its last byte has gone out: then “I have nothing” is not believed', () => {
    const handover = createHandover({ clock: manualClock(), random: systemRandom });
    const open = handover.offer(AGENT, paper(10));
    expect(handover.close(open.token)).toBe('never-whole');
    const sent = handover.offer(AGENT, paper(10));
    handover.take(AGENT, sent.token)?.delivered();
    expect(handover.close(sent.token)).toBe('maybe-whole');
  });
});
