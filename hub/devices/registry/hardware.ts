import { createHash } from 'node:crypto';
import type { FirmwareMemory } from '@hallhub/device-drivers/agent';
import { agentDeviceSchema } from '@hallhub/device-drivers/agent/station';
import type { Clock, EpochMs, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import { z } from 'zod';
import type { Audit } from '../../audit/service.ts';

/** By what a piece of hardware is known. The first group tells two of a kind apart; the second only describes. */
const identityKinds = [
  ...(['serial-number', 'printer-uuid', 'pdid', 'mac', 'mqtt-client'] as const),
  ...(['usb', 'usb-class', 'model', 'firmware', 'port'] as const),
] as const;
export type IdentityKind = (typeof identityKinds)[number];
const UNIQUE: ReadonlySet<IdentityKind> = new Set(['serial-number', 'printer-uuid', 'pdid', 'mac', 'mqtt-client']);

/** `{ 'serial-number': 'A123', model: 'X' }`. */
export type HardwareIdentity = Readonly<Partial<Record<IdentityKind, string>>>;
const identitySchema = z.partialRecord(z.enum(identityKinds), z.string());
/** Names of ports reach a hundred characters and more; nothing is known by so many. */
const LONGEST_NAME = 300;
/** What says something: a device that was never given a serial number answers with an empty one. */
const telling = (identity: HardwareIdentity): HardwareIdentity =>
  Object.fromEntries(
    Object.entries(identity).filter(([, name]) => name.trim().length > 0 && name.length <= LONGEST_NAME),
  );

/** Where hardware hangs: on the hub itself, or on an agent. */
const placeSchema = z.object({
  agent: z.string().exactOptional(),
  transport: agentDeviceSchema.shape.transport,
  /** What tells it apart on a line that many share, as parameters of its protocol: `{ topic: 'plug-a301' }`. */
  params: z.record(z.string(), z.string()).exactOptional(),
});
export type HardwarePlace = z.output<typeof placeSchema>;

export interface Claim {
  readonly identity: HardwareIdentity;
  readonly place?: HardwarePlace;
  readonly claimedAt: EpochMs;
  readonly claimedBy: string;
  readonly note: string;
  readonly releasedAt?: EpochMs;
}

/** Hardware that somebody or something has seen and that plays no device. */
export interface Discovered {
  readonly id: string;
  /** Who saw it: `serial-ports`, `agent:gate-3`, `tasmota`. */
  readonly source: string;
  readonly identity: HardwareIdentity;
  readonly place?: HardwarePlace;
  /** In the words of who saw it. */
  readonly about: string;
  readonly firstSeen: EpochMs;
  readonly lastSeen: EpochMs;
}

/** With the profiles that it may have by what it says on USB, the most likely first. */
export interface Suggested extends Discovered {
  readonly profiles: readonly string[];
}

/** What finds hardware tells it here; again and again is fine. */
export interface DiscoveryPort {
  found(sighting: Pick<Discovered, 'source' | 'identity' | 'place' | 'about'>): void;
}

/** Which hardware plays which device, now and before. The device keeps its id, its gate and its history. */
export interface Hardware extends DiscoveryPort {
  /** Newest first; the first one without `releasedAt` plays the device now. */
  historyOf(deviceId: string): readonly Claim[];
  /** Where a device hangs, when that is not where the configuration says. */
  placeOf(deviceId: string): HardwarePlace | undefined;
  /** What the device answered when it was asked who it is. The first answer is believed; a later one that differs is not. */
  observed(deviceId: string, identity: HardwareIdentity): void;
  /** What each device last said its firmware is: what answers counts, also where it is not the hardware on record. */
  readonly firmware: FirmwareMemory;
  /** The identity that answers although another one is on record. */
  stranger(deviceId: string): HardwareIdentity | undefined;
  /**
   * From now on other hardware plays the device: one that was discovered, or the one that answers there already.
   * Errors: `E-DEV-0415` none such, `E-DEV-0416` it plays another device.
   */
  replace(
    deviceId: string,
    by: { readonly discovered: string } | { readonly answering: true },
    who: { readonly actor: string; readonly note: string },
  ): Result<Claim>;
  discovered(): readonly Discovered[];
  /** Whoever was not seen since `before` is not there any more. */
  forgetUnseen(before: EpochMs): number;
}

interface ClaimRow {
  readonly seq: number;
  readonly deviceId: string;
  readonly identity: string;
  readonly place: string | null;
  readonly claimedAt: EpochMs;
  readonly claimedBy: string;
  readonly note: string;
  readonly releasedAt: EpochMs | null;
}
interface DiscoveredRow extends Omit<Discovered, 'identity' | 'place'> {
  readonly identity: string;
  readonly place: string | null;
}

/** Whether two identities name the same thing, another one, or cannot be compared. */
export function compare(a: HardwareIdentity, b: HardwareIdentity): 'same' | 'other' | 'unclear' {
  const both = [...UNIQUE].filter((kind) => a[kind] !== undefined && b[kind] !== undefined);
  if (both.length === 0) return 'unclear';
  return both.every((kind) => a[kind] === b[kind]) ? 'same' : 'other';
}

/** Equal for places where only one piece of hardware can hang; undefined: the line alone does not tell. */
const ownPlace = (place: HardwarePlace): string | undefined =>
  place.transport.kind === 'mqtt' && place.params === undefined ? undefined : JSON.stringify(place);

export function createHardware({
  db,
  clock,
  audit,
}: {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Pick<Audit, 'record'>;
}): Hardware {
  const columns = `seq, device_id AS deviceId, identity, place, claimed_at AS claimedAt, claimed_by AS claimedBy, note,
    released_at AS releasedAt`;
  const history = db.prepare<[string], ClaimRow>(
    `SELECT ${columns} FROM device_hardware WHERE device_id = ? ORDER BY seq DESC`,
  );
  const playing = db.prepare<[], ClaimRow>(`SELECT ${columns} FROM device_hardware WHERE released_at IS NULL`);
  const release = db.prepare('UPDATE device_hardware SET released_at = ? WHERE device_id = ? AND released_at IS NULL');
  const claim = db.prepare(
    'INSERT INTO device_hardware (device_id, identity, place, claimed_at, claimed_by, note) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const amend = db.prepare('UPDATE device_hardware SET identity = ? WHERE seq = ?');
  const see = db.prepare(
    `INSERT INTO device_discovered (id, source, identity, place, about, first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET place = excluded.place, about = excluded.about, last_seen = excluded.last_seen`,
  );
  const seenColumns = 'id, source, identity, place, about, first_seen AS firstSeen, last_seen AS lastSeen';
  const seen = db.prepare<[], DiscoveredRow>(`SELECT ${seenColumns} FROM device_discovered ORDER BY source, about`);
  const oneSeen = db.prepare<[string], DiscoveredRow>(`SELECT ${seenColumns} FROM device_discovered WHERE id = ?`);
  const unsee = db.prepare('DELETE FROM device_discovered WHERE id = ?');
  const forget = db.prepare('DELETE FROM device_discovered WHERE last_seen < ?');
  const strangers = new Map<string, HardwareIdentity>();
  /** Versions as they were answered since the start. */
  const answered = new Map<string, string>();

  const current = (deviceId: string): ClaimRow | undefined =>
    history.all(deviceId).find(({ releasedAt }) => releasedAt === null);
  const playerOf = (identity: HardwareIdentity, place: HardwarePlace | undefined): string | undefined => {
    const own = place && ownPlace(place);
    return playing
      .all()
      .find((row) => compare(identityOf(row), identity) === 'same' || (own !== undefined && row.place === own))
      ?.deviceId;
  };

  const put = (
    deviceId: string,
    { identity, place }: { readonly identity: HardwareIdentity; readonly place?: HardwarePlace | undefined },
    who: { readonly actor: string; readonly note: string },
  ): Claim => {
    const now = clock.now();
    transact(db, () => {
      release.run(now, deviceId);
      const text = place === undefined ? null : JSON.stringify(place);
      claim.run(deviceId, JSON.stringify(identity), text, now, who.actor, who.note);
      audit.record({ actor: who.actor, action: 'device.claim-hardware', subject: `device:${deviceId}` });
    });
    strangers.delete(deviceId);
    answered.delete(deviceId);
    return { identity, ...(place && { place }), claimedAt: now, claimedBy: who.actor, note: who.note };
  };

  return {
    found: ({ source, identity: said, place, about }) => {
      const identity = telling(said);
      if (Object.keys(identity).length === 0) return;
      if (playerOf(identity, place) !== undefined) return;
      const key = Object.entries(identity).sort(([a], [b]) => a.localeCompare(b));
      const id = createHash('sha256')
        .update(JSON.stringify([source, key]))
        .digest('hex')
        .slice(0, 16);
      const text = place === undefined ? null : JSON.stringify(place);
      see.run(id, source, JSON.stringify(identity), text, about, clock.now(), clock.now());
    },
    historyOf: (deviceId) => history.all(deviceId).map(claimOf),
    placeOf: (deviceId) => {
      const row = current(deviceId);
      return row && claimOf(row).place;
    },
    observed: (deviceId, said) => {
      const identity = telling(said);
      const row = current(deviceId);
      if (!row) {
        put(deviceId, { identity }, { actor: 'hub', note: '' });
        return;
      }
      const known = identityOf(row);
      if (compare(known, identity) === 'other') {
        strangers.set(deviceId, identity);
        return;
      }
      strangers.delete(deviceId);
      const merged = JSON.stringify({ ...known, ...identity });
      if (merged !== row.identity) amend.run(merged, row.seq);
    },
    firmware: {
      of: (deviceId) => {
        const row = current(deviceId);
        return answered.get(deviceId) ?? (row && identityOf(row).firmware);
      },
      note: (deviceId, version) => {
        answered.set(deviceId, version);
      },
    },
    stranger: (deviceId) => strangers.get(deviceId),
    replace: (deviceId, by, who) => {
      if ('answering' in by) {
        const identity = strangers.get(deviceId);
        if (!identity) return failure('E-DEV-0415', deviceId);
        const player = playerOf(identity, undefined);
        if (player !== undefined) return failure('E-DEV-0416', player);
        const before = current(deviceId);
        return ok(put(deviceId, { identity, ...(before && placeIn(before.place)) }, who));
      }
      const row = oneSeen.get(by.discovered);
      if (!row) return failure('E-DEV-0415', by.discovered);
      const found = discoveredOf(row);
      const player = playerOf(found.identity, found.place);
      if (player !== undefined) return failure('E-DEV-0416', player);
      return ok(
        transact(db, () => {
          unsee.run(row.id);
          return put(deviceId, found, who);
        }),
      );
    },
    discovered: () => seen.all().map(discoveredOf),
    forgetUnseen: (before) => forget.run(before).changes,
  };
}

const identityOf = ({ identity }: { readonly identity: string }): HardwareIdentity =>
  identitySchema.parse(JSON.parse(identity));
const placeIn = (text: string | null): { readonly place?: HardwarePlace } =>
  text === null ? {} : { place: placeSchema.parse(JSON.parse(text)) };

const claimOf = (row: ClaimRow): Claim => ({
  identity: identityOf(row),
  ...placeIn(row.place),
  claimedAt: row.claimedAt,
  claimedBy: row.claimedBy,
  note: row.note,
  ...(row.releasedAt !== null && { releasedAt: row.releasedAt }),
});
const discoveredOf = (row: DiscoveredRow): Discovered => ({
  id: row.id,
  source: row.source,
  identity: identityOf(row),
  ...placeIn(row.place),
  about: row.about,
  firstSeen: row.firstSeen,
  lastSeen: row.lastSeen,
});
