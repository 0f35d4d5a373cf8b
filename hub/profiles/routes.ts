import { z } from 'zod';
import type { Api } from '../api/api.ts';
import type { Live } from '../api/live.ts';
import type { Profiles } from './service.ts';

/** Which profiles there are and which are in use. */
export function profileRoutes(
  api: Api,
  { profiles, live }: { readonly profiles: Profiles; readonly live: Live },
): void {
  profiles.onUse(() => {
    live.publish('devices', { profiles: profiles.view().current });
  });
  api.route({
    method: 'GET',
    url: '/api/profiles',
    access: ['operator', 'auditor'],
    handler: () => ({
      ...profiles.view(),
      profiles: profiles
        .catalogue()
        .list()
        .map(({ id, label, protocol, capabilities, evidence }) => ({
          id,
          label,
          protocol,
          capabilities,
          evidence,
        })),
    }),
  });
  api.route({
    method: 'POST',
    url: '/api/profiles/bundles',
    access: ['operator'],
    body: z.object({ bundle: z.base64().max(700_000) }),
    handler: ({ body, staff }) => profiles.add(Buffer.from(body.bundle, 'base64'), `staff:${staff.id}`),
  });
  api.route({
    method: 'POST',
    url: '/api/profiles/use',
    access: ['operator'],
    body: z.object({ version: z.string().max(64).nullable() }),
    handler: ({ body, staff }) => profiles.use(body.version, `staff:${staff.id}`),
  });
}
