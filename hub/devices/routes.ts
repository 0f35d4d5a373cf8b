import { capabilityNames } from '@hallhub/device-drivers/capabilities';
import type { Cancel, Result } from '@hallhub/sync/base';
import { failure, ms, ok } from '@hallhub/sync/base';
import { z } from 'zod';
import type { Api } from '../api/api.ts';
import { orderKeyOf } from '../api/order-key.ts';
import type { Live } from '../api/live.ts';
import type { Guest } from './on-bus.ts';
import { onBus } from './on-bus.ts';
import type { DeviceRegistry } from './registry/service.ts';
import type { Devices } from './service.ts';

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
const device = z.object({ id });
const deviceAndCommand = z.object({ id, command: z.string().min(1).max(64) });
const capability = z.enum(capabilityNames as [(typeof capabilityNames)[number]]);
const note = z.string().trim().min(1).max(200);

/** Tells the pages which devices changed, at most once in a quarter of a second: a busy gate changes more often. */
function announce(registry: DeviceRegistry, live: Live, after: (action: () => void) => Cancel): void {
  let waiting: Set<string> | undefined;
  registry.onChange((deviceId) => {
    if (waiting) {
      waiting.add(deviceId);
      return;
    }
    waiting = new Set([deviceId]);
    after(() => {
      for (const changed of waiting ?? []) live.publish('devices', { id: changed });
      waiting = undefined;
    });
  });
}

/** The devices: list, detail, commands, service, replacement; their last frames; the credentials of those on the bus. */
export function deviceRoutes(
  api: Api,
  {
    devices,
    registry,
    live,
    soon,
    admit,
    guests,
    agents,
  }: {
    readonly devices: Devices;
    readonly registry: DeviceRegistry;
    readonly live: Live;
    /** Runs an action a moment later. */
    readonly soon: (action: () => void) => Cancel;
    /** Puts a new token where the broker looks. */
    readonly admit: (deviceId: string, token: string) => Promise<Result<void>>;
    /** `mqtt.guests` of the configuration. */
    readonly guests: readonly Guest[];
    /** They get their credentials by enrolment, and no others. */
    readonly agents: ReadonlySet<string>;
  },
): void {
  const { commands } = registry;
  announce(registry, live, soon);

  api.route({
    method: 'GET',
    url: '/api/devices',
    access: ['operator', 'auditor'],
    handler: () => ({
      devices: registry.list(),
      discovered: registry.discovered(),
      seesUsb: registry.seesUsb ?? false,
      onBus: onBus(devices.busDevices(), guests, agents),
    }),
  });
  api.route({
    method: 'GET',
    url: '/api/devices/events',
    access: ['operator', 'auditor'],
    query: z.object({ device: id.optional() }),
    handler: ({ query }) => devices.events(200, query.device),
  });
  api.route({
    method: 'GET',
    url: '/api/devices/:id',
    access: ['operator', 'auditor'],
    params: device,
    handler: ({ params }) => registry.detail(params.id),
  });
  api.route({
    method: 'GET',
    url: '/api/devices/:id/traffic',
    access: ['operator'],
    params: device,
    handler: async ({ params, staff }) => {
      const frames = await devices.traffic(params.id, `staff:${staff.id}`);
      if (!frames.ok) return frames;
      return frames.value.map((frame) => ({ ...frame, bytes: Buffer.from(frame.bytes).toString('hex') }));
    },
  });
  api.route({
    method: 'POST',
    url: '/api/devices/:id/service',
    access: ['operator'],
    params: device,
    body: z.object({ inService: z.boolean(), reason: note }),
    handler: ({ params, body, staff }) => registry.setService(params.id, { ...body, by: `staff:${staff.id}` }),
  });
  api.route({
    method: 'POST',
    url: '/api/devices/:id/replace',
    access: ['operator'],
    params: device,
    body: z.object({
      with: z.union([z.object({ discovered: z.string().max(64) }), z.object({ answering: z.literal(true) })]),
      note,
    }),
    handler: ({ params, body, staff }) =>
      registry.replace(params.id, body.with, { actor: `staff:${staff.id}`, note: body.note }),
  });

  api.route({
    method: 'GET',
    url: '/api/devices/:id/commands',
    access: ['operator', 'auditor'],
    params: device,
    query: z.object({
      limit: z.coerce.number().int().min(1).max(200).default(50),
      before: z.coerce.number().int().positive().optional(),
    }),
    handler: ({ params, query: { limit, before } }) =>
      commands.ofDevice(params.id, { limit, ...(before !== undefined && { before }) }),
  });
  api.route({
    method: 'GET',
    url: '/api/devices/:id/commands/:command',
    access: ['operator', 'auditor'],
    params: deviceAndCommand,
    handler: ({ params }) => ofDevice(params),
  });
  const ofDevice = ({ id: deviceId, command }: z.output<typeof deviceAndCommand>) => {
    const found = commands.get(command);
    return found.ok && found.value.deviceId !== deviceId ? failure('E-DEV-0421', command) : found;
  };
  api.route({
    method: 'POST',
    url: '/api/devices/:id/commands',
    access: ['operator'],
    params: device,
    body: z.object({
      capability,
      command: z.string().min(1).max(64),
      args: z.unknown(),
      /** How long it may wait for the device, in milliseconds. */
      lifetime: z.int().min(1_000).max(600_000).default(15_000),
      confirmed: z.boolean().default(false),
    }),
    handler: ({ params, body, staff, request }) => {
      const asked = orderKeyOf(request);
      if (!asked.ok) return asked;
      const { command: name, args, lifetime, confirmed } = body;
      return commands.submit(
        { deviceId: params.id, capability: body.capability, name, args, lifetime: ms(lifetime), confirmed },
        { actor: `staff:${staff.id}`, key: asked.value },
      );
    },
  });
  api.route({
    method: 'DELETE',
    url: '/api/devices/:id/commands/:command',
    access: ['operator'],
    params: deviceAndCommand,
    handler: ({ params, staff }) => {
      const found = ofDevice(params);
      return found.ok ? commands.cancel(params.command, `staff:${staff.id}`) : found;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/devices/:id/twin/restore',
    access: ['operator'],
    params: device,
    body: z.object({ capability, property: z.string().min(1).max(64), confirmed: z.boolean().default(false) }),
    handler: ({ params, body, staff, request }) => {
      const asked = orderKeyOf(request);
      if (!asked.ok) return asked;
      return commands.restore({ deviceId: params.id, ...body }, { actor: `staff:${staff.id}`, key: asked.value });
    },
  });

  api.route({
    method: 'POST',
    url: '/api/devices/:id/token',
    access: ['operator'],
    params: device,
    handler: async ({ params, staff }) => {
      if (agents.has(params.id)) return failure('E-DEV-0423', params.id);
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
    handler: ({ params, staff }) =>
      agents.has(params.id) ? failure('E-DEV-0423', params.id) : devices.revokeToken(params.id, `staff:${staff.id}`),
  });
}
