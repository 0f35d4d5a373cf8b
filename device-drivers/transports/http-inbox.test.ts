import { Agent, request } from 'node:http';
import { type Socket, connect } from 'node:net';
import { systemClock, unwrap } from '@hallhub/sync/base';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpExchange, HttpInbox } from '../kit/index.ts';
import { silentLog } from '../kit/index.ts';
import { freePort, until } from '../kit/testing/index.ts';
import { fit, pathBehind, readKnock } from './http-doors.ts';
import { createHttpInboxes } from './index.ts';

const TOKEN = 'Zq3tB0x9-LkPwmN2';
const clock = systemClock({ mode: 'test' });
let port: number;
let inbox: HttpInbox;
let inboxes: ReturnType<typeof createHttpInboxes>;
let warnings: unknown[];
let sockets: Socket[];

beforeEach(async () => {
  port = await freePort();
  warnings = [];
  sockets = [];
  inboxes = createHttpInboxes({
    clock,
    log: { ...silentLog, warn: (fields) => warnings.push(fields) },
    limits: { body: 1_000, connectionsPerAddress: 3, headersWithin: 300, requestWithin: 600 },
  });
  inbox = inboxes({ kind: 'http-listen', host: '127.0.0.1', port });
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
});

const url = (path: string): string => `http://127.0.0.1:${port}${path}`;
const echo = (text: string) => (exchange: HttpExchange) => {
  void exchange.answer({
    status: 200,
    contentType: 'text/plain',
    body: Buffer.from(`${text} ${exchange.report.method} ${exchange.report.path} ${exchange.report.body.length}`),
  });
};
const post = async (path: string, body = ''): Promise<string> => {
  const response = await fetch(url(path), { method: 'POST', body });
  return `${response.status} ${await response.text()}`.trim();
};
/** A connection by bytes. */
const dial = async (): Promise<{
  readonly socket: Socket;
  readonly heard: () => string;
  readonly over: () => boolean;
}> => {
  let [text, over] = ['', false];
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('data', (bytes) => (text += bytes.toString()));
  socket.on('error', () => undefined);
  socket.on('close', () => (over = true));
  await until('it is connected or refused', () => over || !socket.connecting);
  return { socket, heard: () => text, over: () => over };
};

describe('requests of devices', () => {
  it('reach the device whose door they knock at, and its answer goes back', async () => {
    const stops = [
      unwrap(await inbox.listen({ token: TOKEN }, echo('token'))),
      unwrap(await inbox.listen({ query: { name: 'SN', value: 'A1' } }, echo('serial'))),
      // Another protocol on the same port has an inbox of its own.
      unwrap(
        await inboxes({ kind: 'http-listen', host: '127.0.0.1', port }).listen(
          { address: '127.0.0.1' },
          echo('address'),
        ),
      ),
    ];
    expect(await post(`/${TOKEN}/push?x=1`, 'abc')).toBe('200 token POST /push 3');
    expect(await post('/iclock/cdata?SN=A1')).toBe('200 serial POST /iclock/cdata 0');
    expect(await post('/iclock/cdata?SN=A2')).toBe('200 address POST /iclock/cdata 0');
    stops[2]?.();
    expect(await post('/iclock/cdata?SN=A2')).toBe('404 E-DEV-0104');
    expect(await post('/')).toBe('404 E-DEV-0104');
    expect(warnings).toEqual([{ status: 404, code: 'E-DEV-0104', address: '127.0.0.1' }]);
    for (const stop of stops) stop();
    await expect(post(`/${TOKEN}`)).rejects.toThrow();
    // The port may be opened again at once.
    const again = unwrap(await inbox.listen({ token: TOKEN }, echo('again')));
    expect(await post(`/${TOKEN}`)).toBe('200 again POST / 0');
    again();
  });

  it('are refused for a door that somebody has, or a port that another program has', async () => {
    const stop = unwrap(await inbox.listen({ token: TOKEN }, echo('one')));
    expect(await inbox.listen({ token: TOKEN }, echo('two'))).toMatchObject({ error: { code: 'E-DEV-0306' } });
    const other = createHttpInboxes({ clock, log: silentLog })({ kind: 'http-listen', host: '127.0.0.1', port });
    expect(await other.listen({ token: TOKEN }, echo('three'))).toMatchObject({ error: { code: 'E-DEV-0101' } });
    expect(await post(`/${TOKEN}`)).toMatch(/^200 one/);
    stop();
  });

  it('may not be long, whether they say so or not', async () => {
    let asked = 0;
    const stop = unwrap(await inbox.listen({ token: TOKEN }, () => (asked += 1)));
    expect(await post(`/${TOKEN}`, 'x'.repeat(1_001))).toBe('413 E-DEV-0105');
    const line = await dial();
    line.socket.write(`POST /${TOKEN} HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n`);
    for (let piece = 0; piece < 11; piece += 1) line.socket.write(`64\r\n${'x'.repeat(100)}\r\n`);
    await until('it is refused', () => line.heard().startsWith('HTTP/1.1 413'));
    await until('it is cut off', line.over);
    expect(asked).toBe(0);
    stop();
  });

  it('may not be slow, nor torn, nor no HTTP at all; the next one is served', async () => {
    let asked = 0;
    const stop = unwrap(
      await inbox.listen({ token: TOKEN }, (exchange) => {
        asked += 1;
        echo('ok')(exchange);
      }),
    );
    const slow = await dial();
    slow.socket.write(`POST /${TOKEN} HTTP/1.1\r\nHost: hub\r\nContent-Length: 10\r\n\r\n12345`);
    const torn = await dial();
    torn.socket.write(`POST /${TOKEN} HTTP/1.1\r\nContent-Le`);
    torn.socket.destroy();
    const noise = await dial();
    noise.socket.write('\u0016\u0003\u0001 no HTTP\r\n\r\n');
    await until('noise is cut off', noise.over);
    await until('the slow one is cut off', slow.over);
    expect(asked).toBe(0);
    expect(await post(`/${TOKEN}`)).toMatch(/^200 ok/);
    stop();
  });

  it('come over so many connections of one address and no more', async () => {
    const stop = unwrap(await inbox.listen({ token: TOKEN }, echo('ok')));
    const lines = [await dial(), await dial(), await dial(), await dial()];
    await until('one is cut off', () => lines.some(({ over }) => over()));
    expect(lines.filter(({ over }) => over())).toHaveLength(1);
    for (const { socket } of lines) socket.destroy();
    await until('there is room again', () => lines.every(({ over }) => over()));
    expect(await post(`/${TOKEN}`)).toMatch(/^200 ok/);
    stop();
  });

  it('say to a driver when its answer cannot arrive any more', async () => {
    let exchange: HttpExchange | undefined;
    const stop = unwrap(await inbox.listen({ token: TOKEN }, (asked) => (exchange = asked)));
    const agent = new Agent();
    const device = request(url(`/${TOKEN}`), { method: 'POST', agent });
    device.on('error', () => undefined);
    device.end();
    await until('the request is here', () => exchange !== undefined);
    device.destroy();
    const answer = { status: 200, body: new Uint8Array() };
    let failed = false;
    await until('it is known', () => {
      void exchange?.answer(answer).then((sent) => (failed ||= !sent.ok));
      return failed;
    });
    agent.destroy();
    stop();
  });
});

describe('doors', () => {
  it('a request behind a token is never for another token, and its path is what stands behind', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_-]{16,24}$/);
    fc.assert(
      fc.property(word, word, fc.webPath(), (token, other, path) => {
        const knock = readKnock(`/${token}${path}`, '::ffff:10.0.0.7');
        if (!knock) throw new Error('no path');
        expect(fit({ token }, knock)).toBeGreaterThan(0);
        expect(fit({ token: other }, knock) > 0).toBe(token === other);
        expect(fit({ address: '10.0.0.7' }, knock)).toBeGreaterThan(0);
        expect(fit({ token, address: '10.0.0.8' }, knock)).toBe(0);
        expect(pathBehind({ token }, knock).startsWith('/')).toBe(true);
      }),
    );
  });

  it('no text is a path that throws', () => {
    fc.assert(
      fc.property(fc.string(), (target) => {
        readKnock(target, '');
      }),
    );
  });
});
