import { request } from 'node:http';
import { systemClock } from '@hallhub/sync/base';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { KioskView } from '../../kiosks/contract.ts';
import type { ServerRig } from './testing/rig.ts';
import { KIOSK, openKioskServer } from './testing/rig.ts';

const VIEW: KioskView = {
  id: 'hall',
  label: KIOSK.label,
  modes: ['print'],
  hub: 'up',
  hall: 'up',
  readers: [],
  ways: ['pick-up-code'],
  person: { session: 's', name: '林*夏', way: 'resident-id', until: (Date.now() + 60_000) as never },
  service: { state: 'open', until: (Date.now() + 600_000) as never },
};
const JOB = { attemptId: 'job-1', state: 'sent' };

/** A hub as far as a kiosk's agent sees it: real HTTP on loopback, one kiosk, its token. */
async function startHub(port: number) {
  const server = Fastify({ forceCloseConnections: true });
  const posts: string[] = [];
  server.addHook('onRequest', (asked, reply, done) => {
    if (asked.headers.cookie !== `hallhub_kiosk=${KIOSK.token}`) void reply.code(401).send({ code: 'E-STAFF-0103' });
    else done();
  });
  server.get('/api/kiosks/hall', () => VIEW);
  server.get('/api/kiosks/hall/events', (_asked, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.write(`event: reset\ndata: {}\n\nevent: kiosk/hall\ndata: ${JSON.stringify({ job: JOB })}\n\n`);
  });
  server.get('/api/kiosks/hall/certificates/c-1/document', (_asked, reply) =>
    reply.type('application/pdf').send(Buffer.alloc(300_000, 7)),
  );
  server.post('/api/kiosks/hall/touch', (asked, reply) => {
    posts.push(asked.url);
    return reply.code(204).send();
  });
  await server.listen({ host: '127.0.0.1', port });
  const address = server.server.address();
  return { server, posts, port: typeof address === 'object' && address ? address.port : 0 };
}

describe('the server beside a kiosk', () => {
  const restart = vi.fn<() => void>();
  let hub: Awaited<ReturnType<typeof startHub>>;
  let rig: ServerRig;
  const get: ServerRig['get'] = (...asked) => rig.get(...asked);
  const post: ServerRig['post'] = (...asked) => rig.post(...asked);
  const view = async (): Promise<KioskView> => (await (await get('/api/kiosks/hall')).json()) as KioskView;
  const hubIs = (state: string): Promise<void> =>
    vi.waitFor(async () => expect((await view()).hub).toBe(state), { timeout: 10_000, interval: 50 });

  beforeAll(async () => {
    hub = await startHub(0);
    rig = openKioskServer({
      hubUrl: `http://127.0.0.1:${hub.port}`,
      clock: systemClock({ mode: 'test' }),
      restart,
    });
    await vi.waitFor(() => expect(rig.server.screens).toBeDefined());
    await hubIs('up');
  });
  afterAll(async () => {
    await rig.stop();
    await hub.server.close();
  });

  it('keeps what it proves itself with sealed on disk', () => {
    const [row] = rig.db.prepare<[], { definition: Buffer }>('SELECT definition FROM kiosk_edge').all();
    expect(row?.definition.includes(KIOSK.token)).toBe(false);
  });

  it('lets nobody in without its own token, by another name, or from another site', async () => {
    expect((await get('/api/kiosks/hall', { cookie: `hallhub_kiosk=${KIOSK.token}` })).status).toBe(401);
    expect((await post('/api/kiosks/hall/touch', {})).status).toBe(403);
    expect((await post('/api/kiosks/hall/touch', { 'x-hallhub': '1', 'sec-fetch-site': 'cross-site' })).status).toBe(
      403,
    );
    const rebound = await new Promise((resolve) => {
      request(`${rig.url()}/kiosk/hall`, { headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
    expect(rebound).toBe(403);
    for (const path of ['/api/staff', '/api/kiosks/other', '/api/kiosks/hall/certificates/..%2f..%2fstaff/document'])
      expect((await get(path)).status).toBe(404);
  });

  it('serves the page under its policy, and hands on what is in the contract', async () => {
    const page = await get('/kiosk/hall');
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    const pdf = await get('/api/kiosks/hall/certificates/c-1/document');
    expect((await pdf.arrayBuffer()).byteLength).toBe(300_000);
    expect((await post('/api/kiosks/hall/touch')).status).toBe(204);
    expect(hub.posts).toEqual(['/api/kiosks/hall/touch']);
  });

  it('says that the hub is gone, shows nobody, keeps the job, and recovers by itself', async () => {
    expect((await view()).person).toBeDefined();
    await hub.server.close();
    await hubIs('gone');
    const gone = await view();
    expect(gone.person).toBeUndefined();
    expect(gone.readers).toEqual([{ kind: 'resident-id', id: 'reader', state: 'down' }]);
    expect(await (await get('/api/kiosks/hall/jobs/job-1')).json()).toEqual(JOB);
    const away = await post('/api/kiosks/hall/touch');
    expect([away.status, ((await away.json()) as { code: string }).code]).toEqual([503, 'E-KIOSK-0301']);
    expect(await (await get('/api/kiosks/hall/service/log')).text()).toBe('a line\n');
    expect((await post('/api/kiosks/hall/service/restart')).status).toBe(204);
    await vi.waitFor(() => expect(restart).toHaveBeenCalledOnce());
    hub = await startHub(hub.port);
    await hubIs('up');
  });
});
