import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPublicKey, generateKeyPairSync, hash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { iso, ms, systemClock, systemRandom } from '../../base/index.ts';
import { createVerifier, rawPublicKey, signBytes } from '../../contract/index.ts';
import { retryAfter } from './transfer.ts';
import { createHttpHall } from './index.ts';
import type { HttpHall } from './index.ts';

const clock = systemClock({ mode: 'test' });
const pair = generateKeyPairSync('ed25519');
const publicKey = rawPublicKey(createPublicKey(pair.privateKey));
const signal = new AbortController().signal;
let server: Server | undefined;
let hall: HttpHall | undefined;

async function against(listener: RequestListener, maxBytes?: number): Promise<HttpHall> {
  const created = createServer(listener);
  await new Promise<void>((resolve) => created.listen(0, '127.0.0.1', resolve));
  server = created;
  hall = createHttpHall({
    url: `http://127.0.0.1:${(created.address() as AddressInfo).port}/base`,
    token: 't',
    hub: 'hub-1',
    epoch: 3,
    keys: [{ keyId: 'k1', publicKey }],
    clock,
    random: systemRandom,
    timeout: ms(300),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  return hall;
}
afterEach(async () => {
  hall?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

const page = (request: IncomingMessage, more: object = {}): string =>
  JSON.stringify({
    type: 'feed',
    nonce: request.headers['hallhub-nonce'],
    hub: request.headers['hallhub-hub'],
    issuedAt: iso(clock.now()),
    changes: [],
    next: 'c2',
    upToDate: true,
    ...more,
  });
const reply = (
  response: ServerResponse,
  body: string,
  status = 200,
  type = 'application/json',
  signed = body,
): void => {
  const signature = signBytes(Buffer.from(signed), 'k1', pair.privateKey);
  response.writeHead(status, { 'content-type': type, 'hallhub-signature': `old=AAAA, ${signature}` });
  response.end(body);
};
const pull = (from: HttpHall) => from.source.pull({ cursor: 'c1', limit: 10, waitMs: 0, signal });
const problem = (request: IncomingMessage, status: number, code: string, more: object = {}): string =>
  JSON.stringify({
    type: 'about:blank',
    title: code,
    status,
    code,
    nonce: request.headers['hallhub-nonce'],
    hub: 'hub-1',
    ...more,
  });

describe('asking a hall', () => {
  it('says who it is, below the base address, and takes a signed page', async () => {
    let seen: IncomingMessage | undefined;
    const from = await against((request, response) => {
      seen = request;
      reply(response, page(request));
    });
    expect(await pull(from)).toMatchObject({ ok: true, value: { next: 'c2', upToDate: true } });
    expect(seen?.url).toBe('/base/v1/feed?cursor=c1&limit=10');
    expect(seen?.headers).toMatchObject({ authorization: 'Bearer t', 'hallhub-hub': 'hub-1', 'hallhub-epoch': '3' });
  });

  const refused: readonly (readonly [string, (request: IncomingMessage, response: ServerResponse) => void, object])[] =
    [
      [
        'a changed byte',
        (q, s) => reply(s, page(q, { upToDate: false }), 200, 'application/json', page(q)),
        { code: 'E-SYNC-0106' },
      ],
      ['another nonce', (q, s) => reply(s, page(q, { nonce: 'old' })), { code: 'E-SYNC-0106' }],
      ['another hub', (q, s) => reply(s, page(q, { hub: 'hub-2' })), { code: 'E-SYNC-0106' }],
      [
        'another kind of page',
        (q, s) => reply(s, page(q, { type: 'revocations' })),
        { code: 'E-SYNC-0104', class: 'retry' },
      ],
      ['a page of HTML', (_q, s) => reply(s, '<html>', 200, 'text/html'), { code: 'E-SYNC-0104', class: 'retry' }],
      ['half a JSON', (q, s) => reply(s, page(q).slice(0, 40)), { code: 'E-SYNC-0104', class: 'retry' }],
      ['a signed must-refetch', (q, s) => reply(s, problem(q, 410, 'must-refetch'), 410), { class: 'must-refetch' }],
      [
        'a must-refetch of another question',
        (q, s) => reply(s, problem(q, 410, 'must-refetch', { nonce: 'old' }), 410),
        { class: 'retry' },
      ],
      [
        'an unsigned fence',
        (q, s) => reply(s, problem(q, 409, 'epoch-fenced'), 409, 'application/problem+json', 'x'),
        { class: 'retry' },
      ],
      [
        'a signed fence',
        (q, s) => reply(s, problem(q, 409, 'epoch-fenced'), 409),
        { class: 'fenced', code: 'E-SYNC-0108' },
      ],
      ['an unsigned 400', (_q, s) => reply(s, 'no', 400, 'text/plain', 'x'), { class: 'retry', code: 'E-SYNC-0110' }],
      [
        'a signed 400',
        (q, s) => reply(s, problem(q, 400, 'bad-request'), 400),
        { class: 'reject', code: 'E-SYNC-0110' },
      ],
      ['a 401', (_q, s) => reply(s, '', 401), { class: 'authentication', code: 'E-SYNC-0107' }],
      ['a redirection', (_q, s) => reply(s, '', 302), { class: 'retry', code: 'E-SYNC-0104' }],
      ['silence', () => undefined, { class: 'retry', code: 'E-SYNC-0102' }],
      ['a cut', (_q, s) => s.destroy(), { class: 'retry', code: 'E-SYNC-0101' }],
    ];
  it.each(refused)('classes %s', async (_name, listener, failure) => {
    expect(await pull(await against(listener))).toMatchObject({ ok: false, error: failure });
  });

  it('heeds Retry-After', async () => {
    const from = await against((_request, response) => {
      response.writeHead(503, { 'retry-after': '7' }).end();
    });
    expect(await pull(from)).toMatchObject({ error: { code: 'E-SYNC-0103', retryAfter: 7_000 } });
  });

  it('stops reading an answer that is too large', async () => {
    const from = await against(
      (request, response) => reply(response, page(request, { pad: 'x'.repeat(5_000) })),
      1_000,
    );
    expect(await pull(from)).toMatchObject({ error: { code: 'E-SYNC-0105' } });
  });

  it('refuses plain HTTP to another machine', () => {
    const options = { token: 't', hub: 'h', epoch: 1, keys: [], clock, random: systemRandom };
    expect(() => createHttpHall({ ...options, url: 'http://hall.example.edu.cn/' })).toThrow(/HTTPS/);
    createHttpHall({ ...options, url: 'http://hall.example.edu.cn/', allowPlainHttp: true }).close();
  });
});

describe('fetching a file', () => {
  it('gives the token to the hall alone, and takes only the bytes that were promised', async () => {
    const bytes = Buffer.from('%PDF');
    const authorizations: (string | undefined)[] = [];
    const from = await against((request, response) => {
      authorizations.push(request.headers.authorization);
      response.end(bytes);
    });
    const sha256 = hash('sha256', bytes, 'hex');
    expect(await from.file({ url: 'v1/files/x', sha256, signal })).toMatchObject({ ok: true });
    expect(await from.file({ url: 'v1/files/x', sha256: 'ab'.repeat(32), signal })).toMatchObject({
      error: { code: 'E-SYNC-0106', class: 'reject' },
    });
    expect(await from.file({ url: 'http://example.invalid/x', sha256, signal })).toMatchObject({
      error: { class: 'reject' },
    });
    expect(authorizations).toEqual(['Bearer t', 'Bearer t']);
  });
});

describe('signatures and headers', () => {
  it('accepts the exact bytes by a pinned key, and nothing else', () => {
    const verify = createVerifier([{ keyId: 'k1', publicKey }]);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.string(), (body, at, junk) => {
        const header = signBytes(body, 'k1', pair.privateKey);
        expect(verify(body, header)).toBe(true);
        expect(verify(body, `k0=AAAA,${header}`)).toBe(true);
        expect(verify(body, header.replace('k1=', 'k2='))).toBe(false);
        expect(verify(body, junk)).toBe(false);
        expect(verify(body, undefined)).toBe(false);
        const changed = Uint8Array.from(body);
        const index = at % body.length;
        changed[index] = (changed[index] ?? 0) ^ 1;
        expect(verify(changed, header)).toBe(false);
      }),
    );
  });

  it('reads Retry-After in seconds and as a date, never negative, at most a day', () => {
    expect(retryAfter('120', clock)).toBe(120_000);
    expect(retryAfter(new Date(0).toUTCString(), clock)).toBe(0);
    expect(retryAfter('999999999', clock)).toBe(86_400_000);
    expect(retryAfter('soon', clock)).toBeUndefined();
    expect(retryAfter(undefined, clock)).toBeUndefined();
  });
});
