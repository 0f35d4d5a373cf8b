import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failure, manualClock, ok } from '@hallhub/sync/base';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createLog } from '../log.ts';
import type { Account, Grant, Staff } from '../staff/index.ts';
import { createApi } from './api.ts';
import type { Live } from './live.ts';
import { createLive } from './live.ts';
import { createServer } from './server.ts';

const account = (grants: readonly Grant[]): Account => ({ id: 'a', login: 'a', name: 'a', grants, disabled: false });
const sessions: Readonly<Record<string, Account>> = {
  guard: account([{ role: 'guard', area: 'south' }]),
  guardEverywhere: account([{ role: 'guard', area: '*' }]),
  areaOperator: account([{ role: 'operator', area: 'south' }]),
  operator: account([{ role: 'operator', area: '*' }]),
  auditor: account([{ role: 'auditor', area: '*' }]),
};
const staff = { whoIs: (session: string) => sessions[session] } as unknown as Staff;

let server: FastifyInstance;
let live: Live;

beforeEach(async () => {
  server = await createServer({
    log: createLog({ level: 'silent' }),
    webRoot: mkdtempSync(join(tmpdir(), 'hallhub-web-')),
  });
  live = createLive({ epoch: 'e1', clock: manualClock() });
  const api = createApi({ server, staff, isKiosk: (id, token) => token === `token of ${id}` });
  api.route({ method: 'GET', url: '/api/open', access: 'public', handler: () => ({ hello: 'world' }) });
  api.route({ method: 'GET', url: '/api/guarded', access: ['guard'], handler: ({ staff }) => ({ who: staff.id }) });
  api.route({ method: 'GET', url: '/api/areas', access: ['guard'], anyArea: true, handler: () => [] });
  api.route({ method: 'GET', url: '/api/kiosks/:kiosk/thing', access: 'kiosk', handler: () => ({ yes: true }) });
  api.route({ method: 'POST', url: '/api/refuse', access: 'public', handler: () => failure('E-GATE-0101', 'detail') });
  api.route({ method: 'POST', url: '/api/nothing', access: 'public', handler: () => ok() });
  api.route({
    method: 'POST',
    url: '/api/checked',
    access: 'public',
    body: z.object({ n: z.int() }),
    handler: ({ body }) => ok({ twice: body.n * 2 }),
  });
  api.route({
    method: 'GET',
    url: '/api/broken',
    access: 'public',
    handler: () => {
      throw new Error('secret inside');
    },
  });
  api.route({
    method: 'GET',
    url: '/api/stream',
    access: 'public',
    handler: ({ request, reply }) => {
      live.stream(request, reply, ({ topic }) => topic === 'mine');
    },
  });
});
afterEach(async () => {
  live.close();
  await server.close();
});

const ours = { 'x-hallhub': '1' };

describe('API', () => {
  it.each([
    [undefined, 401],
    ['nobody', 401],
    ['auditor', 403],
    ['guard', 403],
    ['guardEverywhere', 200],
    ['operator', 200],
    ['areaOperator', 403],
  ])('lets session %s in or not: %i', async (session, status) => {
    const answer = await server.inject({
      url: '/api/guarded',
      ...(session !== undefined && { cookies: { hallhub_session: session } }),
    });
    expect(answer.statusCode).toBe(status);
    if (status !== 200) expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  it('lets a role in one area call what narrows itself to areas', async () => {
    const answer = await server.inject({ url: '/api/areas', cookies: { hallhub_session: 'guard' } });
    expect(answer.statusCode).toBe(200);
  });

  it('knows each kiosk by its own token', async () => {
    const ask = (token: string) => server.inject({ url: '/api/kiosks/k1/thing', cookies: { hallhub_kiosk: token } });
    expect((await ask('token of k1')).statusCode).toBe(200);
    expect((await ask('token of k2')).statusCode).toBe(401);
  });

  it('answers a refusal as a problem with its code, an empty success with 204', async () => {
    const refused = await server.inject({ method: 'POST', url: '/api/refuse', headers: ours });
    expect([refused.statusCode, refused.json()]).toEqual([
      409,
      { type: 'about:blank', status: 409, code: 'E-GATE-0101', detail: 'detail' },
    ]);
    expect((await server.inject({ method: 'POST', url: '/api/nothing', headers: ours })).statusCode).toBe(204);
  });

  it('says what was wrong with the input, and nothing about what broke inside', async () => {
    const wrong = await server.inject({ method: 'POST', url: '/api/checked', headers: ours, payload: { n: 'x' } });
    expect([wrong.statusCode, wrong.json<{ code: string }>().code]).toEqual([400, 'E-API-0101']);
    const broken = await server.inject({ url: '/api/broken' });
    expect([broken.statusCode, broken.body.includes('secret')]).toEqual([500, false]);
  });

  it('says that a body is too large', async () => {
    const payload = { n: 1, more: 'x'.repeat(1_048_576) };
    const answer = await server.inject({ method: 'POST', url: '/api/checked', headers: ours, payload });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([413, 'E-API-0108']);
  });

  it.each([
    ['without the header of our own pages', {}],
    ['from another site', { ...ours, 'sec-fetch-site': 'cross-site' }],
  ])('refuses to change anything %s', async (_, headers) => {
    const answer = await server.inject({ method: 'POST', url: '/api/nothing', headers });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([403, 'E-API-0104']);
  });

  it('sends the headers that keep a page to itself', async () => {
    const { headers } = await server.inject({ url: '/api/open' });
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it('says that pages were not built instead of showing nothing', async () => {
    expect((await server.inject({ url: '/gates' })).json()).toMatchObject({ code: 'E-API-0106' });
    expect((await server.inject({ url: '/api/none' })).json()).toMatchObject({ code: 'E-API-0102' });
  });
});

describe('live stream', () => {
  const read = async (url: string, headers: Record<string, string>, until: string): Promise<string> => {
    const stop = new AbortController();
    const response = await fetch(`${url}/api/stream`, { headers, signal: stop.signal });
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body!) {
      text += decoder.decode(chunk as Uint8Array);
      if (text.includes(until)) break;
    }
    stop.abort();
    return text;
  };

  it('asks a new page to read its snapshot, and hands a returning one what it missed of its topics', async () => {
    const url = await server.listen({ host: '127.0.0.1', port: 0 });
    const first = await read(url, {}, 'event: reset');
    const id = /id: (e1\.\d+)/.exec(first)?.[1] ?? '';
    live.publish('mine', { n: 1 });
    live.publish('other', { n: 2 });
    live.publish('mine', { n: 3 });
    const missed = await read(url, { 'last-event-id': id }, '"n":3');
    expect(missed).not.toContain('reset');
    expect([...missed.matchAll(/data: (.*)/g)].map(([, data]) => data)).toEqual(['{"n":1}', '{"n":3}']);
  });

  it('asks for a new snapshot when what was missed is not known any more', async () => {
    const url = await server.listen({ host: '127.0.0.1', port: 0 });
    for (let index = 0; index < 600; index++) live.publish('mine', index);
    expect(await read(url, { 'last-event-id': 'e1.3' }, '\n\n')).toBeTruthy();
    expect(await read(url, { 'last-event-id': 'e1.3' }, 'event: reset')).toContain('reset');
    expect(await read(url, { 'last-event-id': 'earlier.3' }, 'event: reset')).toContain('reset');
  });
});

describe('who asks, behind a proxy', () => {
  it.each([
    ['10.1.0.5', '203.0.113.7'],
    ['10.1.0.6', '10.1.0.6'],
  ])('is what a named proxy says, and nobody else’s word counts (%s)', async (remoteAddress, ip) => {
    const proxied = await createServer({
      log: createLog({ level: 'silent' }),
      webRoot: mkdtempSync(join(tmpdir(), 'hallhub-web-')),
      trustProxy: ['10.1.0.5/32'],
    });
    createApi({ server: proxied, staff, isKiosk: () => false }).route({
      method: 'GET',
      url: '/api/me',
      access: 'public',
      handler: ({ request }) => ({ ip: request.ip }),
    });
    const headers = { 'x-forwarded-for': '192.0.2.1, 203.0.113.7' };
    const answer = await proxied.inject({ url: '/api/me', remoteAddress, headers });
    expect(answer.json()).toEqual({ ip });
    await proxied.close();
  });
});
