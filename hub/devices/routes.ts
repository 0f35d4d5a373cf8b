import { z } from 'zod';
import type { Api } from '../api/api.ts';
import type { Result } from '@hallhub/sync/base';
import { ok } from '@hallhub/sync/base';
import type { Devices } from './service.ts';

const device = z.object({ id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/) });

/** The devices, their last frames, and the credentials of those on the bus. */
export function deviceRoutes(
  api: Api,
  {
    devices,
    admit,
  }: {
    readonly devices: Devices;
    /** Puts a new token where the broker looks. */
    readonly admit: (deviceId: string, token: string) => Promise<Result<void>>;
  },
): void {
  api.route({
    method: 'GET',
    url: '/api/devices',
    access: ['operator', 'auditor'],
    handler: () => ({ attached: devices.list(), onBus: devices.busDevices() }),
  });
  api.route({
    method: 'GET',
    url: '/api/devices/:id/traffic',
    access: ['operator'],
    params: device,
    handler: ({ params, staff }) =>
      devices
        .traffic(params.id, `staff:${staff.id}`)
        .map((frame) => ({ ...frame, bytes: Buffer.from(frame.bytes).toString('hex') })),
  });
  api.route({
    method: 'GET',
    url: '/api/devices/events',
    access: ['operator', 'auditor'],
    handler: () => devices.events(200),
  });
  api.route({
    method: 'POST',
    url: '/api/devices/:id/token',
    access: ['operator'],
    params: device,
    handler: async ({ params, staff }) => {
      const token = devices.issueToken(params.id, `staff:${staff.id}`);
      const admitted = await admit(params.id, token);
      return admitted.ok ? ok({ token }) : admitted;
    },
  });
  api.route({
    method: 'DELETE',
    url: '/api/devices/:id/token',
    access: ['operator'],
    params: device,
    handler: ({ params, staff }) => devices.revokeToken(params.id, `staff:${staff.id}`),
  });
}
