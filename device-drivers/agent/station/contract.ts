import { z } from 'zod';
import { type EventType, defineKind, defineKinds, instant } from '@hallhub/sync/contract';
import { type Failure, seconds } from '@hallhub/sync/base';
import { capabilityNames } from '@hallhub/firmware-profiles/schema';
import type { DeviceHealth } from '../../kit/index.ts';

/**
 * What a hub and its agents say to each other. The broker between them is a pipe that may lose, double and reorder; the
 * AsyncAPI file is generated from what stands here.
 */

const deviceId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
const capability = z.enum(capabilityNames);
const epochMs = z.number().meta({ description: "Milliseconds since 1970-01-01T00:00Z by the hub's clock" });
const code = z.templateLiteral(['E-', z.string(), '-', z.number()]);
const LONGEST_DETAIL = 500;
const failure = z.object({ code, detail: z.string().max(LONGEST_DETAIL).optional() });
/** A failure as it travels. Drivers and libraries may say more than fits, and the whole message would not be understood. */
export const brief = ({ code, detail }: Failure): Failure =>
  detail === undefined ? { code } : { code, detail: detail.slice(0, LONGEST_DETAIL) };
export const briefHealth = ({ reason, ...health }: DeviceHealth): DeviceHealth =>
  reason ? { ...health, reason: brief(reason) } : health;

/** What the agent's clocks show at an instant. The hub makes its own time of it, however the agent's wall clock is set. */
export const clockReading = z
  .object({
    at: z.number().meta({ description: "Milliseconds since 1970-01-01T00:00Z by the agent's own clock" }),
    mono: z.number().meta({ description: "Milliseconds by the agent's monotonic clock" }),
    run: z
      .string()
      .min(1)
      .max(64)
      .meta({ description: 'Which run of the agent: after a restart that clock begins anew' }),
  })
  .meta({ id: 'ClockReading' });
export type ClockReading = z.output<typeof clockReading>;

/** Below `c/{campus}/d/{agent}/`. */
export const topics = {
  /** Questions of the agent and the hub's answers. */
  ask: 'up/ask',
  answer: 'down/answer',
  /** Questions of the hub and the agent's answers. */
  hubAsks: 'down/ask',
  agentAnswers: 'up/answer',
  /** Commands. What came of them goes up with the events. */
  command: 'down/command',
  /** What a device reports now and nobody needs later. */
  live: 'up/live',
} as const;

const transport = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('serial'),
    path: z.string(),
    baudRate: z.number(),
    dataBits: z.union([z.literal(7), z.literal(8)]).exactOptional(),
    parity: z.enum(['none', 'even', 'odd']).exactOptional(),
    stopBits: z.union([z.literal(1), z.literal(2)]).exactOptional(),
  }),
  z.object({ kind: z.literal('tcp'), host: z.string(), port: z.number() }),
  z.object({ kind: z.literal('udp'), host: z.string(), port: z.number(), localPort: z.number().exactOptional() }),
  z.object({
    kind: z.literal('usb'),
    vendorId: z.number(),
    productId: z.number(),
    serialNumber: z.string().exactOptional(),
    interfaceNumber: z.number().exactOptional(),
  }),
  z.object({ kind: z.literal('http'), url: z.string() }),
  z.object({ kind: z.literal('mqtt-line'), send: z.string(), receive: z.string() }),
  z.object({ kind: z.literal('http-listen'), host: z.string(), port: z.number() }),
  z.object({ kind: z.literal('mqtt') }),
  z.object({ kind: z.literal('url'), url: z.string() }),
  z.object({ kind: z.literal('memory'), name: z.string(), baudRate: z.number().exactOptional() }),
]);

/** A device that the agent is to host: what the hub's configuration says of it. */
export const agentDeviceSchema = z
  .object({
    id: deviceId,
    profile: z.string(),
    transport,
    params: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AgentDevice' });
export type AgentDevice = z.output<typeof agentDeviceSchema>;

/** A signed bundle of profiles, in base64, as `firmware-profiles/bundle` makes it; the agent verifies it itself. */
export const profileBundleSchema = z.object({ version: z.string(), bundle: z.base64() }).meta({ id: 'ProfileBundle' });
/** The id of the one record of its kind: without it the profiles that came with the program are in use. */
export const PROFILE_BUNDLE = 'profiles';

/** Whose bundles are believed from now on, as `key-set.ts` issues it; the agent verifies it itself. */
export const profileKeysSchema = z
  .object({
    issuedAt: z.number().meta({ description: 'Rises with every change; an older set is not taken after a newer one' }),
    keys: z
      .record(z.string().max(64), z.base64().max(64))
      .meta({ description: 'Ed25519 public keys (raw, base64) by id; a key that is not here is no longer believed' }),
    code: z.base64().max(64).meta({
      description:
        'HMAC-SHA-256 (base64) over the JSON of `[agent, issuedAt, [[id, key], …]]`, by id, with a key that HKDF-SHA-256 makes of `matchKey` (no salt, info `hallhub profile keys`, 32 bytes)',
    }),
  })
  .meta({ id: 'ProfileKeys' });
export type ProfileKeys = z.output<typeof profileKeysSchema>;
/** The id of the one record of its kind: without it the keys count that came with the credentials. */
export const PROFILE_KEYS = 'profile-keys';

/** What is projected to an agent. Domains add kinds of theirs. */
export const agentKindList = [
  defineKind({ kind: 'agent-device', major: 1, schemaVersion: '1.0', schema: agentDeviceSchema }),
  defineKind({ kind: 'profile-keys', major: 1, schemaVersion: '1.0', schema: profileKeysSchema }),
  defineKind({ kind: 'profile-bundle', major: 1, schemaVersion: '1.0', schema: profileBundleSchema }),
] as const;
export const agentKinds = defineKinds(agentKindList);

/** A command on its way. Never retained; done at most once; not begun at `expiresAt` or after. */
export const commandMessageSchema = z
  .object({
    id: z.string().min(1).max(64),
    device: deviceId,
    capability,
    name: z.string().max(64),
    args: z.unknown(),
    issuedAt: epochMs,
    expiresAt: epochMs,
    issuedBy: z.string().max(200),
  })
  .meta({ id: 'Command' });
export type CommandMessage = z.output<typeof commandMessageSchema>;

/** How long a live message is worth something. */
export const LIVE_FOR = seconds(10);
/** `up/live`: worth something for {@link LIVE_FOR} only, and dropped after it. */
export const liveMessageSchema = z
  .object({
    id: z.string().min(1).max(64).meta({ description: 'A repeated message counts once' }),
    device: deviceId,
    capability,
    event: z.string().max(64),
    data: z.unknown(),
    clock: clockReading,
    expiresAt: epochMs,
  })
  .meta({ id: 'Live' });
export type LiveMessage = z.output<typeof liveMessageSchema>;

const healthSchema = z.object({
  state: z.enum(['starting', 'ready', 'degraded', 'down']),
  since: epochMs,
  reason: failure.optional(),
});

const event = <const T extends string, S extends z.ZodType>(type: T, schema: S): EventType<T, S> => ({
  type,
  direction: 'outcome',
  schema,
});

/** A device reported something that must not be lost. The subject is the device. */
export const deviceReported = event(
  'hallhub.agent.device-reported.v1',
  z
    .object({ clock: clockReading, capability, event: z.string().max(64), data: z.unknown() })
    .meta({ id: 'DeviceReported' }),
);
/** A command takes a while: it was begun in time, and its outcome follows. The subject is the device. */
export const commandBegun = event(
  'hallhub.agent.command-begun.v1',
  z.object({ at: instant, command: z.string() }).meta({ id: 'CommandBegun' }),
);
/** What came of a command. The subject is the device. */
export const commandSettled = event(
  'hallhub.agent.command-settled.v1',
  z
    .object({
      at: instant,
      command: z.string(),
      confirmation: z.enum(['acknowledged', 'observed', 'unconfirmed']).optional(),
      failure: failure.optional(),
    })
    .meta({ id: 'CommandSettled' }),
);
/** A device's health changed. The subject is the device. */
export const healthChanged = event(
  'hallhub.agent.health-changed.v1',
  z.object({ clock: clockReading, health: healthSchema }).meta({ id: 'HealthChanged' }),
);
/** A line of the agent's log, warnings and errors only. The subject is the agent. */
export const logged = event(
  'hallhub.agent.logged.v1',
  z
    .object({
      at: instant,
      level: z.enum(['warn', 'error']),
      message: z.string().max(500),
      fields: z.record(z.string(), z.unknown()),
      /** Lines like it that were left out since the last one. */
      suppressed: z.int().min(0),
    })
    .meta({ id: 'Logged' }),
);
/** The agent's store was full, and so many events were not kept. The subject is the agent. */
export const eventsShed = event(
  'hallhub.agent.events-shed.v1',
  z
    .object({
      at: instant,
      since: instant,
      logs: z.int().min(0),
      health: z.int().min(0),
      refusals: z.int().min(0).default(0),
      /** What devices reported. Shed last; receipts of commands are never shed. */
      reports: z.int().min(0),
      entries: z.int().min(0).default(0),
    })
    .meta({ id: 'EventsShed' }),
);

export const agentEventTypes = [
  deviceReported,
  commandBegun,
  commandSettled,
  healthChanged,
  logged,
  eventsShed,
] as const;

/** A serial port of the agent's machine that has a name which stays. */
const serialPort = z.object({
  byId: z.string().max(200).meta({ description: '`/dev/serial/by-id/…`' }),
  path: z.string().max(200).meta({ description: 'Where it is now: `/dev/ttyUSB0`' }),
  vendorId: z.string().max(4).exactOptional(),
  productId: z.string().max(4).exactOptional(),
});
/** A USB device of the agent's machine that a driver could speak to. */
const usbDevice = z.object({
  vendorId: z.string().regex(/^[0-9a-f]{4}$/),
  productId: z.string().regex(/^[0-9a-f]{4}$/),
  serialNumber: z.string().max(200).exactOptional(),
  product: z.string().max(200).exactOptional(),
  interfaceClass: z
    .string()
    .max(2)
    .meta({ description: 'By the codes of the USB-IF: `07` printer, `ff` the vendor’s own' }),
});
/** More ports than this are not told, nor more USB devices. */
export const MOST_PORTS = 64;

/** The agent's greeting after each connection, and every minute. */
export const helloSchema = z
  .object({
    version: z.string().max(64),
    clock: clockReading,
    clockSteered: z
      .number()
      .exactOptional()
      .meta({ description: 'By how many milliseconds the clock above is ahead of the one that the machine shows' }),
    startedAt: epochMs,
    /** Why it runs without devices: it crashed again and again. */
    safeMode: z.string().max(500).optional(),
    profiles: z.string().max(64).meta({ description: 'Version of the profiles in use' }),
    pendingEvents: z.int().min(0),
    devices: z
      .array(
        z.object({
          id: deviceId,
          profile: z.string(),
          line: z.string(),
          capabilities: z.array(capability),
          health: healthSchema,
        }),
      )
      .max(500),
    ports: z.array(serialPort).max(MOST_PORTS).default([]),
    usb: z.array(usbDevice).max(MOST_PORTS).default([]).meta({ description: 'Empty as well where none can be seen' }),
  })
  .meta({ id: 'Hello' });
export type Hello = z.output<typeof helloSchema>;

export const helloAnswerSchema = z
  .object({
    at: epochMs,
    picture: z
      .number()
      .min(0)
      .exactOptional()
      .meta({ description: "Age in milliseconds of the hub's picture of the hall; absent: it never was whole" }),
  })
  .meta({ id: 'HelloAnswer' });

/**
 * What the hub asks of an agent: a call of a capability, a device's last frames, something of the part of a domain, to leave
 * its safe mode, or to destroy its keys and data because it has been withdrawn.
 */
export const hubAskSchema = z.object({ id: z.string().min(1).max(64), within: z.number().min(0).max(120_000) }).and(
  z.discriminatedUnion('method', [
    z.object({
      method: z.literal('call'),
      params: z.object({ device: deviceId, capability, name: z.string().max(64), args: z.array(z.unknown()) }),
    }),
    z.object({ method: z.literal('traffic'), params: z.object({ device: deviceId }) }),
    z.object({
      method: z.literal('part'),
      params: z.object({ part: z.string().max(32), name: z.string().max(64), params: z.unknown() }),
    }),
    z.object({ method: z.literal('leave-safe-mode'), params: z.object({}) }),
    z.object({ method: z.literal('restart'), params: z.object({}) }),
    z.object({ method: z.literal('withdraw'), params: z.object({}) }),
  ]),
);
