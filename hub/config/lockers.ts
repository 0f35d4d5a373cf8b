import type { DurationMs } from '@hallhub/sync/base';
import { z } from 'zod';
import { clockTime } from './gates.ts';
import { duration, id, label, publicKey } from './primitives.ts';

const size = z.enum(['small', 'medium', 'large']);

/** A door, as the board counts it. */
const compartment = z.strictObject({
  /** As it stands on the door. */
  id: z.string().regex(/^[A-Z0-9][A-Z0-9-]{0,15}$/, 'capitals, digits and hyphens'),
  size: size.default('small'),
  /** The board behind it, and its number there. */
  device: id.exactOptional(),
  lock: z.int().min(1).max(500).exactOptional(),
});

const cabinet = z.strictObject({
  id,
  label,
  /** `doors`: compartments. `slot`: everything into one bin, in labelled bags. `forms`: the drop-box for reimbursement forms. */
  kind: z.enum(['doors', 'slot', 'forms']).default('doors'),
  /** The agent beside it. */
  agent: id.exactOptional(),
  compartments: z.array(compartment).default([]),
  /** Kinds of forms that a drop-box takes, as their barcodes begin. */
  forms: z.array(z.string().min(1).max(16)).default([]),
});

const run = z.strictObject({
  id,
  label,
  /** The hub at which it ends. */
  to: id,
  departs: clockTime,
  /** How long it takes. */
  takes: duration.default(() => 3_600_000 as DurationMs),
  /** ISO 8601: 1 Monday to 7 Sunday; absent: every day on which is worked. */
  weekdays: z.array(z.int().min(1).max(7)).min(1).exactOptional(),
  /** How many consignments it takes. */
  capacity: z.int().min(1).max(2_000).default(120),
});

/** Another campus with a hub of its own. */
const peer = z.strictObject({
  hub: id,
  label,
  /** Absent: it asks here, and is never asked. */
  url: z.url({ protocol: /^https?$/ }).exactOptional(),
  /** Its Ed25519 public keys, by key id; a hub shows its own at `/api/lockers/key`. */
  keys: z
    .record(z.string().regex(/^[A-Za-z0-9._-]{1,64}$/), publicKey)
    .refine((keys) => Object.keys(keys).length > 0, 'at least one key'),
  /** PEM of the authority behind its certificate, where it is not a public one. */
  caFile: z.string().min(1).exactOptional(),
});

/** A box on a bus with a clock and a lock of its own. */
const busBox = z.strictObject({
  id,
  /** Holds 32 bytes in base64, which the box has as well. */
  keyFile: z.string().min(1),
});

export const lockers = z
  .strictObject({
    cabinets: z.array(cabinet).default([]),
    runs: z.array(run).default([]),
    peers: z.array(peer).default([]),
    busBoxes: z.array(busBox).default([]),
    /** How often peers are asked. */
    pollPeers: duration.default(() => 10_000 as DurationMs),
    /** How long something waits to be collected, where its request does not say. */
    keepDays: z.int().min(1).max(90).default(3),
    /** How long before that ends its recipient is reminded. */
    remindBefore: z
      .array(duration)
      .max(5)
      .default(() => [86_400_000 as DurationMs]),
    /** How long a run may be late before somebody is told. */
    lateAfter: duration.default(() => 1_800_000 as DurationMs),
    /** The channel on which people are told of their consignments; one that goes to one person. */
    notices: id.exactOptional(),
    /** Channels that hear of cases and of runs that do not arrive. */
    alerts: z.array(id).default([]),
    /** Days after which nobody can tell any more who sent and got what. */
    forgetDays: z.int().min(1).max(3_650).default(90),
  })
  .prefault({});

type Lockers = z.output<typeof lockers>;
export type CabinetConfig = Lockers['cabinets'][number];
export type RunConfig = Lockers['runs'][number];
export type PeerConfig = Lockers['peers'][number];
export type LockersConfig = Lockers;

type Path = readonly (string | number)[];

/** Names that point at something which the file does not define, and names given twice. */
export function lockerMistakes(
  config: Lockers,
  known: {
    readonly hub: string;
    readonly agents: ReadonlySet<string>;
    readonly devices: ReadonlySet<string>;
    readonly channels: ReadonlySet<string>;
  },
): { readonly path: Path; readonly message: string }[] {
  const found: { path: Path; message: string }[] = [];
  const need = (names: ReadonlySet<string>, value: string | undefined, path: Path, what: string): void => {
    if (value !== undefined && !names.has(value)) found.push({ path, message: `no ${what} has the id "${value}"` });
  };
  const once = (ids: readonly string[], path: (index: number) => Path): void => {
    ids.forEach((one, index) => {
      if (ids.indexOf(one) !== index) found.push({ path: path(index), message: `"${one}" is used twice` });
    });
  };
  const hubs = new Set([known.hub, ...config.peers.map(({ hub }) => hub)]);
  once(
    config.cabinets.map((one) => one.id),
    (index) => ['cabinets', index, 'id'],
  );
  once(
    config.runs.map((one) => one.id),
    (index) => ['runs', index, 'id'],
  );
  once(
    config.busBoxes.map((one) => one.id),
    (index) => ['busBoxes', index, 'id'],
  );
  once([known.hub, ...config.peers.map(({ hub }) => hub)], (index) => ['peers', index - 1, 'hub']);
  config.cabinets.forEach((one, index) => {
    need(known.agents, one.agent, ['cabinets', index, 'agent'], 'agent');
    once(
      one.compartments.map((door) => door.id),
      (at) => ['cabinets', index, 'compartments', at, 'id'],
    );
    one.compartments.forEach((door, at) => {
      need(known.devices, door.device, ['cabinets', index, 'compartments', at, 'device'], 'device');
    });
    if (one.kind === 'doors' && one.compartments.length === 0)
      found.push({ path: ['cabinets', index], message: 'it has no compartments' });
  });
  config.runs.forEach(({ to }, index) => {
    need(hubs, to, ['runs', index, 'to'], 'peer');
  });
  config.peers.forEach(({ url }, index) => {
    if (url !== undefined && !url.startsWith('https:') && !/^https?:\/\/(?:127\.|localhost[:/]|\[::1\])/.test(url))
      found.push({ path: ['peers', index, 'url'], message: 'https only: who gets what would travel in the open' });
  });
  need(known.channels, config.notices, ['notices'], 'channel');
  config.alerts.forEach((name, index) => {
    need(known.channels, name, ['alerts', index], 'channel');
  });
  return found;
}
