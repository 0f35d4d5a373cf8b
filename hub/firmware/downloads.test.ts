import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { silentLog } from '@hallhub/device-drivers/kit';
import type { ManualClock } from '@hallhub/sync/base';
import { hours, manualClock, ok, systemRandom, unwrap } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditSchema, createAudit } from '../audit/index.ts';
import type { DownloadRequest, Downloads, Way } from './downloads.ts';
import { createDownloads } from './downloads.ts';
import type { Images } from './images.ts';
import { createImages } from './images.ts';
import type { PlainListener } from './plain-listener.ts';
import { createPlainListener } from './plain-listener.ts';
import { firmwareSchema } from './schema.ts';

const bytes = Uint8Array.from({ length: 2_500 }, (_, index) => (index * 13) & 0xff);
const sha256 = createHash('sha256').update(bytes).digest('hex');

let clock: ManualClock;
let db: Db;
let images: Images;
let downloads: Downloads;
let underWay: boolean;
beforeEach(() => {
  clock = manualClock();
  underWay = true;
  db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [auditSchema, firmwareSchema] });
  images = createImages({ db, clock, audit: createAudit({ db, clock }), inUse: () => false });
  const image = { sha256, name: 'plug.bin', version: '2.0.0', profiles: ['tasmota/power-plug'], models: [] };
  unwrap(images.begin({ ...image, size: bytes.length }, 'staff:op'));
  for (let start = 0; start < bytes.length; start += 1_000) {
    unwrap(images.append(sha256, start, bytes.subarray(start, start + 1_000), 'staff:op'));
  }
  downloads = createDownloads({
    db,
    clock,
    random: systemRandom,
    images,
    isUnderWay: ({ rollout, deviceId }) => underWay && rollout === 'r1' && deviceId === 'plug',
  });
});
afterEach(() => {
  db.close();
});
const link = (way: Way = 'hub'): string => downloads.link({ sha256, deviceId: 'plug', rollout: 'r1', way });
const ask = (token: string, more: Partial<DownloadRequest> = {}) =>
  downloads.answer({ method: 'GET', token, way: 'hub', ...more });
const all = (body: Iterable<Uint8Array> | undefined): Buffer => Buffer.concat([...(body ?? [])]);

describe('a path', () => {
  it('hands out its image once', () => {
    const token = link();
    expect(token).toMatch(/^[\w-]{32}$/);
    const answer = ask(token);
    expect(answer).toMatchObject({ status: 200, headers: { 'content-length': bytes.length } });
    expect(all(answer?.body).equals(bytes)).toBe(true);
    expect(ask(token)).toBeUndefined();
  });

  it('is good again for a device that lost the line, from where it was', () => {
    const token = link();
    const [first = new Uint8Array()] = ask(token)?.body ?? [];
    expect(first.length).toBeLessThan(bytes.length);
    const rest = ask(token, { range: `bytes=${first.length}-`, ifRange: `"${sha256}"` });
    expect(rest).toMatchObject({
      status: 206,
      headers: { 'content-range': `bytes ${first.length}-${bytes.length - 1}/${bytes.length}` },
    });
    expect(Buffer.concat([first, all(rest?.body)]).equals(bytes)).toBe(true);
  });

  it('hands out exactly what a range asks for, and is over when the ranges were the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 5 }), (cuts) => {
        const token = link();
        const ends = [...new Set(cuts), bytes.length].sort((a, b) => a - b);
        let from = 0;
        for (const to of ends) {
          const part = all(ask(token, { range: `bytes=${from}-${to - 1}` })?.body);
          expect(part.equals(bytes.subarray(from, to))).toBe(true);
          from = to;
        }
        expect(ask(token)).toBeUndefined();
      }),
    );
  });

  it('begins anew for a device that holds part of another file', () => {
    const token = link();
    expect(ask(token, { range: 'bytes=1000-', ifRange: '"another"' })?.status).toBe(200);
    expect(ask(token, { range: 'bytes=9999-' })).toMatchObject({
      status: 416,
      headers: { 'content-range': `bytes */${bytes.length}` },
    });
  });

  it('is nothing to who guesses, at the other server, when the order is over, and after two hours', async () => {
    const token = link();
    expect(ask(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`)).toBeUndefined();
    expect(ask(token, { way: 'plain' })).toBeUndefined();
    expect(ask(token, { method: 'POST' })).toBeUndefined();
    underWay = false;
    expect(ask(token)).toBeUndefined();
    underWay = true;
    expect(ask(token, { method: 'HEAD' })).toMatchObject({ status: 200 });
    await clock.advanceAsync(hours(2));
    expect(ask(token)).toBeUndefined();
    expect(downloads.purge()).toBe(1);
  });

  it('is over for who asks without end, and with its image', () => {
    const token = link();
    let asked = 0;
    while (ask(token, { range: 'bytes=0-0' }) && asked < 10_000) asked += 1;
    expect(asked).toBeGreaterThan(100);
    expect(asked).toBeLessThan(1_000);
    const another = link();
    expect(images.remove(sha256, 'staff:op')).toEqual(ok());
    expect(ask(another)).toBeUndefined();
  });
});

describe('the server without TLS', () => {
  let listener: PlainListener;
  let port: number;
  beforeEach(async () => {
    listener = createPlainListener({ host: '127.0.0.1', port: 0, downloads, log: silentLog });
    ({ port } = await listener.start());
  });
  afterEach(() => listener.stop());
  const url = (path: string): string => `http://127.0.0.1:${port}${path}`;

  it('serves an image under roll-out, whole and in ranges', async () => {
    const token = link('plain');
    const head = await fetch(url(`/firmware/${token}/plug.bin`), { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '2500']);
    const part = await fetch(url(`/firmware/${token}/plug.bin`), { headers: { range: 'bytes=0-99' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 0-99/2500']);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(0, 100))).toBe(true);
    const whole = await fetch(url(`/firmware/${token}/plug.bin`));
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    expect((await fetch(url(`/firmware/${token}/plug.bin`))).status).toBe(404);
  });

  it.each([
    ['GET', '/'],
    ['GET', '/healthz'],
    ['GET', '/api/firmware'],
    ['POST', '/api/session'],
    ['GET', `/firmware/${'A'.repeat(32)}/plug.bin`],
    ['GET', '/firmware/../../etc/passwd'],
  ])('knows nothing else: %s %s', async (method, path) => {
    const answer = await fetch(url(path), { method, ...(method === 'POST' && { body: '{}' }) });
    expect([answer.status, await answer.text(), answer.headers.get('server')]).toEqual([404, '', null]);
  });

  it('does not take the path of the other server, nor another method', async () => {
    expect((await fetch(url(`/firmware/${link('hub')}/plug.bin`))).status).toBe(404);
    expect((await fetch(url(`/firmware/${link('plain')}/plug.bin`), { method: 'DELETE' })).status).toBe(404);
  });

  it('ends with who talks nonsense, and goes on', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write('\0\0 nonsense\r\n\r\n');
    expect(await text(socket)).toContain('400');
    expect((await fetch(url('/'))).status).toBe(404);
  });
});
