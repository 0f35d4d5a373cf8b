import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ms, systemClock } from '@hallhub/sync/base';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort, until } from '../kit/testing/index.ts';
import { httpClient } from './index.ts';

const ask = httpClient({ clock: systemClock({ mode: 'test' }) });
let server: Server;
let origin: string;
let gone: number;

beforeEach(async () => {
  gone = 0;
  server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    response.on('close', () => (gone += response.writableEnded ? 0 : 1));
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const said = `${request.method ?? ''} ${String(request.headers['x-one'])} ${Buffer.concat(pieces).toString()}`;
      if (request.url === '/echo') response.writeHead(403, { 'x-two': 'b' }).end(said);
      else if (request.url === '/long') response.end(Buffer.alloc(2_000_000));
      else if (request.url === '/stream') response.writeHead(200).write('first');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

it('gives whatever was answered', async () => {
  const { reply } = ask({
    method: 'PUT',
    url: `${origin}/echo`,
    headers: { 'x-one': 'a' },
    body: Buffer.from('body'),
    within: ms(5_000),
  });
  const answer = await reply;
  if (!answer.ok) throw new Error(answer.error.code);
  expect(answer.value).toMatchObject({ status: 403, headers: { 'x-two': 'b' } });
  expect(Buffer.from(answer.value.body).toString()).toBe('PUT a body');
});

it('says what went wrong', async () => {
  const codeOf = async (url: string): Promise<string | undefined> => {
    const answer = await ask({ method: 'GET', url, within: ms(300) }).reply;
    return answer.ok ? undefined : answer.error.code;
  };
  expect(await codeOf(`http://127.0.0.1:${await freePort()}/`)).toBe('E-DEV-0102');
  expect(await codeOf(`${origin}/never`)).toBe('E-DEV-0202');
  expect(await codeOf(`${origin}/long`)).toBe('E-DEV-0204');
});

it('hands on a stream until it is silent, and closes what is given up', async () => {
  const pieces: string[] = [];
  const heads: number[] = [];
  const stream = {
    onHead: ({ status }: { status: number }) => void heads.push(status),
    onPiece: (bytes: Uint8Array) => void pieces.push(Buffer.from(bytes).toString()),
  };
  const silent = await ask({ method: 'GET', url: `${origin}/stream`, within: ms(300), stream }).reply;
  expect([heads, pieces, silent]).toMatchObject([[200], ['first'], { error: { code: 'E-DEV-0202' } }]);
  const call = ask({ method: 'GET', url: `${origin}/stream`, within: ms(60_000), stream });
  await until('it streams', () => pieces.length === 2);
  call.cancel();
  expect(await call.reply).toMatchObject({ error: { code: 'E-DEV-0103' } });
  await until('both are closed', () => gone === 2);
});
