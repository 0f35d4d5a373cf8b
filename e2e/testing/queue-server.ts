import { systemRandom } from '@hallhub/sync/base';
import { createApi } from '../../hub/api/api.ts';
import { createServer } from '../../hub/api/server.ts';
import { createLog } from '../../hub/log.ts';
import { queueCodes } from '../../hub/queue/codes.ts';
import type { openQueue } from '../../hub/queue/testing/rig.ts';
import { queueWeb } from '../../hub/queue/web.ts';
import type { Account, Staff } from '../../hub/staff/index.ts';

/** Works at the counters of the hall `main`; the session's cookie is the id. */
export const LI: Account = {
  ...{ id: 'li', login: 'li', name: '李静', disabled: false },
  grants: [{ role: 'counter', area: 'main' }],
};

/** The pages of a queue and its own routes, over a queue whose devices and clock are driven by hand. */
export async function serveQueue(
  rig: ReturnType<typeof openQueue>,
  webRoot: string,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = await createServer({ log: createLog({ level: 'silent' }), webRoot });
  const who = (session: string): Account | undefined => (session === 'li' ? LI : undefined);
  const staff = { whoIs: who, peek: who, list: () => [LI] } as unknown as Staff;
  server.get('/api/session', () => LI);
  server.get('/api/catalogue', () => queueCodes);
  server.get('/api/instance', () => ({ demo: false, timeZone: 'Asia/Shanghai' }));
  const streams = queueWeb(createApi({ server, staff, isKiosk: () => false }), {
    ...{ queue: rig.queue, staff, vault: rig.vault, audit: rig.audit, clock: rig.clock, random: systemRandom },
    secure: false,
    selfService: { kiosks: { person: () => ({ ok: false, error: { code: 'E-KIOSK-0101' } }) } as never },
    certificates: { list: () => [] },
    live: { publish: () => undefined, stream: () => undefined, close: () => undefined },
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    close: async () => {
      streams.close();
      await server.close();
    },
  };
}
