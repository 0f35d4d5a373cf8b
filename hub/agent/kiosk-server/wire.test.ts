import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seconds, systemClock } from '@hallhub/sync/base';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { KioskView } from '../../kiosks/contract.ts';
import { openDataDir } from '../../store/index.ts';
import type { ServerCertificate } from '../../tls/index.ts';
import { ownCertificate } from '../../tls/index.ts';
import { createHubClient } from './hub-client.ts';
import type { ServerRig } from './testing/rig.ts';
import { KIOSK, openKioskServer } from './testing/rig.ts';

const clock = systemClock({ mode: 'test' });
const VIEW = { id: 'hall', label: KIOSK.label, modes: ['print'], hub: 'up', hall: 'up', readers: [], ways: [] };
const BASE = '/api/kiosks/hall';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
const listen = async (server: Pick<Server, 'listen' | 'address' | 'close'>): Promise<number> => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
};
const closing = (server: Server) => () => {
  server.closeAllConnections();
  server.close();
};

/** A hub as far as a kiosk's line sees it: its view, a stream that stays open, and a word for everything else. */
const hubAnswers =
  (seen: (request: IncomingMessage) => void): RequestListener =>
  (request, response) => {
    seen(request);
    if (request.url === `${BASE}/events`)
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: reset\ndata: {}\n\n');
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(VIEW));
  };
const isUp = (rig: ServerRig): Promise<void> =>
  vi.waitFor(async () => expect(((await (await rig.get(BASE)).json()) as KioskView).hub).toBe('up'), {
    timeout: 10_000,
    interval: 50,
  });

/** Sends bytes as they stand, which no client of HTTP would; the status of the answer, or 0 where the line was cut. */
function raw(rig: ServerRig, text: string): Promise<number> {
  const { hostname, port } = new URL(rig.url());
  return new Promise((resolve) => {
    let status = 0;
    const socket = connect({ host: hostname, port: Number(port) });
    // The first piece tells; a stream would never end.
    socket.setEncoding('latin1').once('data', (piece: string) => {
      status = Number(/^HTTP\/1\.1 (\d{3})/.exec(piece)?.[1] ?? 0);
      socket.destroy();
    });
    socket.once('error', () => undefined);
    socket.once('close', () => {
      resolve(status);
    });
    socket.write(text, 'latin1');
  });
}

describe('whatever is asked of the server beside a kiosk', () => {
  /** The table of `hub/kiosks/contract.ts`, written down once more. */
  const CONTRACT = [
    /^GET \/api\/kiosks\/hall(\/events|\/certificates|\/card|\/service\/devices|\/service\/log)?$/,
    /^GET \/api\/kiosks\/hall\/(certificates\/[^/]+\/document|jobs\/[^/]+|card\/transactions|card\/top-ups\/[^/]+)(\?.*)?$/,
    /^POST \/api\/kiosks\/hall\/(touch|leave|print|card\/lost|card\/top-ups|card\/top-ups\/[^/]+\/cancel|jobs\/[^/]+\/receipt)$/,
    /^POST \/api\/kiosks\/hall\/identify\/(pick-up|number|one-time)$/,
    /^POST \/api\/kiosks\/hall\/service\/(enter|leave|test-page|refill|out-of-service|restart)$/,
  ];

  it('the hub hears of nothing that is not in the contract', { timeout: 60_000 }, async () => {
    const asked: string[] = [];
    const hub = createServer(
      hubAnswers(({ method, url, headers }) => {
        asked.push(`${method} ${url}`);
        expect(headers.cookie ?? `hallhub_kiosk=${KIOSK.token}`).toBe(`hallhub_kiosk=${KIOSK.token}`);
      }),
    );
    const port = await listen(hub);
    stops.push(closing(hub));
    const rig = openKioskServer({ hubUrl: `http://127.0.0.1:${port}`, clock });
    stops.push(() => rig.stop());
    await vi.waitFor(() => expect(rig.server.screens).toBeDefined());
    await isUp(rig);

    const word = fc.constantFrom(
      ...['/api/kiosks/hall', '/api', '/staff', '/kiosks', '/hall', '/other', '/certificates', '/document', '/card'],
      ...[
        '/..',
        '/.',
        '/%2e%2e',
        '%2f',
        '%5c',
        '\\',
        '//',
        '/touch',
        '/jobs',
        '/job-1',
        '/receipt',
        '/service',
        '/log',
      ],
      ...['?before=1', '#', ';', '@127.0.0.1', '%00', '%zz', ' ', '/events', '/identify/pick-up', '/kiosk', '/assets'],
    );
    const path = fc.oneof(
      fc.array(word, { maxLength: 6 }).map((words) => words.join('')),
      fc.array(word, { maxLength: 4 }).map((words) => `${BASE}${words.join('')}`),
      fc.constantFrom(`http://127.0.0.1:${port}/api/staff`, `//127.0.0.1:${port}/api/staff`, '*', ''),
    );
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'CONNECT');
    const { host } = new URL(rig.url());
    const head = [
      `Host: ${host}`,
      `Cookie: hallhub_kiosk=${rig.server.screens?.token}`,
      'X-Hallhub: 1',
      'Connection: close',
      'Content-Length: 0',
    ].join('\r\n');
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(method, path, async (by, to) => {
        const status = await raw(rig, `${by} ${to} HTTP/1.1\r\n${head}\r\n\r\n`);
        if (status === 200) answered += 1;
        expect(status).not.toBe(500);
      }),
      { numRuns: 400, seed: 5 },
    );
    expect(answered).toBeGreaterThan(5);
    expect(asked.filter((one) => !CONTRACT.some((entry) => entry.test(one)))).toEqual([]);
  });

  it('files of the machine are not among it', async () => {
    const rig = openKioskServer({ hubUrl: 'http://127.0.0.1:1', clock });
    stops.push(() => rig.stop());
    await vi.waitFor(() => expect(rig.server.screens).toBeDefined());
    const head = `Host: ${new URL(rig.url()).host}\r\nConnection: close`;
    for (const path of [
      '/kiosk/../agent.db',
      '/kiosk/assets/../agent.db',
      '/kiosk/assets/..%2fagent.db',
      '/kiosk/assets/%2e%2e/agent.db',
      '/kiosk/assets/..',
      '/kiosk/assets/.%00.js',
      '/kiosk/assets/../../../../../../etc/passwd',
    ])
      expect(await raw(rig, `GET ${path} HTTP/1.1\r\n${head}\r\n\r\n`)).toBe(404);
  });
});

describe('a hub that is silent', () => {
  /** Takes every connection and what is said on it, and never answers. */
  const silentHub = async () => {
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).resume();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    stops.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { port: (server.address() as AddressInfo).port, sockets };
  };

  it('is as good as gone: what is asked is answered, and nothing waits for it', async () => {
    const { port } = await silentHub();
    const rig = openKioskServer({
      hubUrl: `http://127.0.0.1:${port}`,
      clock: systemClock({ mode: 'test', speed: 20 }),
    });
    stops.push(() => rig.stop());
    await vi.waitFor(() => expect(rig.server.screens).toBeDefined());
    expect(await (await rig.get(BASE)).json()).toMatchObject({ hub: 'gone' });
    expect((await rig.post(`${BASE}/touch`)).status).toBe(503);
    expect(Object.keys((await (await rig.get('/api/catalogue')).json()) as object)).toContain('E-KIOSK-0301');
  });

  it('after it had answered is missed, and found again when it speaks', { timeout: 20_000 }, async () => {
    let silent = false;
    const hub = createServer((request, response) => {
      if (!silent) hubAnswers(() => undefined)(request, response);
    });
    const port = await listen(hub);
    stops.push(closing(hub));
    const rig = openKioskServer({
      hubUrl: `http://127.0.0.1:${port}`,
      clock: systemClock({ mode: 'test', speed: 20 }),
    });
    stops.push(() => rig.stop());
    await vi.waitFor(() => expect(rig.server.screens).toBeDefined());
    await isUp(rig);
    silent = true;
    await vi.waitFor(async () => expect(await (await rig.get(BASE)).json()).toMatchObject({ hub: 'gone', ways: [] }), {
      timeout: 10_000,
      interval: 50,
    });
    expect((await rig.post(`${BASE}/touch`)).status).toBe(503);
    silent = false;
    await isUp(rig);
    expect((await rig.post(`${BASE}/touch`)).status).toBe(200);
  });
});

describe('a hub behind HTTPS', () => {
  const authority = async (): Promise<ServerCertificate> => {
    const folder = mkdtempSync(join(tmpdir(), 'hallhub-authority-'));
    stops.push(() => {
      rmSync(folder, { recursive: true });
    });
    const dir = openDataDir(folder);
    const made = await ownCertificate({ dir, clock, names: ['localhost'], hubId: 'south' });
    dir.release();
    return made;
  };

  it('is believed with the authority of the enrolment alone, and told nothing before', async () => {
    const [own, other] = [await authority(), await authority()];
    const asked: string[] = [];
    const hub = createTlsServer({ key: own.key, cert: own.cert }, (request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.cookie}`);
      hubAnswers(() => undefined)(request, response);
    });
    const port = await listen(hub);
    stops.push(closing(hub));
    const ask = (hubCa?: string) => {
      const client = createHubClient(
        { hubUrl: `https://localhost:${port}`, mqtt: { port: 1, tls: false }, ...(hubCa !== undefined && { hubCa }) },
        clock,
      );
      stops.push(() => {
        client.close();
      });
      return client.ask({ method: 'GET', path: BASE, token: KIOSK.token, patience: seconds(10) });
    };
    expect(await ask(other.ca)).toMatchObject({ ok: false, error: { code: 'E-KIOSK-0301' } });
    expect(await ask()).toMatchObject({ ok: false, error: { code: 'E-KIOSK-0301' } });
    expect(asked).toEqual([]);
    const answer = await ask(own.ca);
    expect(answer).toMatchObject({ ok: true, value: { statusCode: 200 } });
    if (answer.ok) answer.value.destroy();
    expect(asked).toEqual([`GET ${BASE} hallhub_kiosk=${KIOSK.token}`]);

    const rig = openKioskServer({ hubUrl: `https://localhost:${port}`, hubCa: own.ca, clock });
    stops.push(() => rig.stop());
    await vi.waitFor(() => expect(rig.server.screens).toBeDefined());
    await isUp(rig);
    const astray = openKioskServer({ hubUrl: `https://localhost:${port}`, hubCa: other.ca, clock });
    stops.push(() => astray.stop());
    await vi.waitFor(() => expect(astray.server.screens).toBeDefined());
    expect(await (await astray.get(BASE)).json()).toMatchObject({ hub: 'gone' });
  });
});
