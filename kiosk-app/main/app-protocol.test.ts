import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Upstream } from './app-protocol.ts';
import { appProtocol } from './app-protocol.ts';

interface Asked {
  readonly address: string;
  readonly init: RequestInit;
}

function setUp(to: Upstream | undefined = { url: 'http://127.0.0.1:4100', token: 'secret' }) {
  const asked: Asked[] = [];
  const read: string[] = [];
  const answer = appProtocol({
    readFile: (path) => {
      read.push(path);
      return Promise.resolve(path === 'assets/gone.js' ? undefined : new TextEncoder().encode(path));
    },
    upstream: () => to,
    fetch: (address, init) => {
      asked.push({ address, init });
      if (address.endsWith('/broken')) return Promise.reject(new Error('refused'));
      return Promise.resolve(
        new Response('{"id":"hall"}', { headers: { 'set-cookie': 'a=b', 'content-type': 'application/json' } }),
      );
    },
  });
  const get = (path: string, init?: RequestInit): Promise<Response> => answer(new Request(`app://kiosk${path}`, init));
  return { answer, get, asked, read };
}

describe('a screen', () => {
  it('comes from its file, under the policy', async () => {
    const { get } = setUp();
    const page = await get('/kiosk/hall');
    expect(await page.text()).toBe('index.html');
    expect(page.headers.get('content-security-policy')).toContain(`default-src 'none'`);
    expect(page.headers.get('content-type')).toContain('text/html');
    const script = await get('/kiosk/assets/index-a1.js');
    expect(script.headers.get('content-type')).toContain('text/javascript');
  });

  it('that is not there is not there', async () => {
    const { get, answer } = setUp();
    expect((await get('/kiosk/assets/gone.js')).status).toBe(404);
    expect((await get('/etc/passwd')).status).toBe(404);
    expect((await get('/kiosk/hall', { method: 'POST' })).status).toBe(404);
    expect((await answer(new Request('app://other/kiosk/hall'))).status).toBe(404);
  });

  it('never reads outside of its folder', async () => {
    const { get, read } = setUp();
    await fc.assert(
      fc.asyncProperty(fc.webPath(), fc.constantFrom('', '../', '%2e%2e/', '..%2f'), async (path, up) => {
        await get(`/kiosk/assets/${up}${path.replace(/^\//, '')}`);
        for (const file of read) expect(file).toMatch(/^(index\.html|assets\/[\w.-]+)$/);
      }),
    );
  });
});

describe('the API', () => {
  it('is asked in the machine’s name, which the page never learns', async () => {
    const { get, asked } = setUp();
    const answer = await get('/api/kiosks/hall?x=1', {
      headers: {
        'x-hallhub': '1',
        'sec-fetch-site': 'same-origin',
        origin: 'app://kiosk',
        authorization: 'Bearer mine',
      },
    });
    const headers = new Headers(asked[0]?.init.headers);
    expect(asked[0]?.address).toBe('http://127.0.0.1:4100/api/kiosks/hall?x=1');
    expect(headers.get('cookie')).toBe('hallhub_kiosk=secret');
    expect(headers.get('x-hallhub')).toBe('1');
    for (const name of ['origin', 'authorization', 'sec-fetch-site']) expect(headers.get(name)).toBeNull();
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(await answer.text()).not.toContain('secret');
  });

  it('gets what was posted', async () => {
    const { get, asked } = setUp();
    await get('/api/kiosks/hall/print', { method: 'POST', body: '{"copies":1}', headers: { 'idempotency-key': 'k' } });
    const init = asked[0]?.init;
    expect(init?.method).toBe('POST');
    expect(new Headers(init?.headers).get('idempotency-key')).toBe('k');
    expect(await new Response(init?.body).text()).toBe('{"copies":1}');
  });

  it('that nobody answers is a problem like any other', async () => {
    const broken = await setUp().get('/api/broken');
    expect(broken.status).toBe(503);
    expect(await broken.json()).toEqual({ status: 503, code: 'E-WEB-0101' });
    const unknown = setUp(undefined);
    expect(
      (
        await appProtocol({ readFile: () => Promise.resolve(undefined), upstream: () => undefined, fetch })(
          new Request('app://kiosk/api/kiosks/hall'),
        )
      ).status,
    ).toBe(503);
    expect(unknown.asked).toEqual([]);
  });
});
