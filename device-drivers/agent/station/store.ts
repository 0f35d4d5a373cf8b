import type { EpochMs, Failure } from '@hallhub/sync/base';
import { type Db, type SchemaComponent, type Sealer, transact } from '@hallhub/sync/sqlite';
import type { Receipt } from '../../kit/index.ts';
import type { FirmwareMemory } from '../firmware-watch.ts';
import { type AgentDevice, type ProfileKeys, profileKeysSchema } from './contract.ts';
import type { Shed, ShedStore } from './shedding.ts';

/** What an agent keeps besides its replica and its outbox. */
export const stationSchema: SchemaComponent = {
  component: 'station',
  migrations: [
    {
      name: 'devices and commands',
      sql: `
        CREATE TABLE station_device (id TEXT PRIMARY KEY, definition BLOB NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE station_command (
          id TEXT PRIMARY KEY, device TEXT NOT NULL, expires_at INTEGER NOT NULL, settled TEXT) STRICT, WITHOUT ROWID;
        CREATE TABLE station_store (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT NOT NULL) STRICT;
        CREATE TABLE station_profiles (id INTEGER PRIMARY KEY, version TEXT NOT NULL, bundle BLOB NOT NULL) STRICT;
        CREATE INDEX station_command_expiry ON station_command (expires_at);`,
    },
    {
      name: 'epoch of the store',
      sql: 'ALTER TABLE station_store ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1;',
    },
    {
      name: 'devices are sealed',
      sql: `ALTER TABLE station_device ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;`,
    },
    {
      name: 'what it last knew of time and hall',
      sql: `ALTER TABLE station_store ADD COLUMN last_time INTEGER;
        ALTER TABLE station_store ADD COLUMN picture_of INTEGER;`,
    },
    {
      name: 'what was shed and not told yet',
      sql: 'ALTER TABLE station_store ADD COLUMN shed TEXT;',
    },
    {
      name: 'firmware that devices reported, and keys of profile bundles',
      sql: `
        CREATE TABLE station_firmware (device TEXT PRIMARY KEY, version TEXT NOT NULL) STRICT, WITHOUT ROWID;
        ALTER TABLE station_store ADD COLUMN profile_keys TEXT;`,
    },
  ],
};

/** How a command stands that was seen before: `open` when it was begun and nothing was heard of it since. */
export type SeenCommand = { readonly state: 'open' } | { readonly state: 'settled'; readonly receipt: Receipt };

export interface StationStore extends ShedStore {
  /** The id of this database, made with it, and its epoch: another disk is another sender of events. */
  identity(): { readonly id: string; readonly epoch: number };
  /** Gives the database another id and a higher epoch: it was put back to an older state. */
  renew(): { readonly id: string; readonly epoch: number };
  /** The latest time that this machine is known to have reached, and as of when it last knew the whole picture of the hall. */
  times(): { readonly last: EpochMs | null; readonly pictureOf: EpochMs | null };
  noteTimes(last: EpochMs, pictureOf: EpochMs | undefined): void;
  devices(): readonly AgentDevice[];
  putDevice(device: AgentDevice): void;
  removeDevice(id: string): void;
  /** The bundle of profiles that the hub has assigned; undefined: those of the program. */
  profiles(): { readonly version: string; readonly bundle: Uint8Array } | undefined;
  putProfiles(version: string, bundle: Uint8Array): void;
  removeProfiles(): void;
  /** The set of keys that was last taken; undefined: none yet. */
  profileKeys(): ProfileKeys | undefined;
  putProfileKeys(keys: ProfileKeys): void;
  /** Forgets a device's version when the device goes, or hangs elsewhere from now on. */
  readonly firmware: FirmwareMemory;
  seen(commandId: string): SeenCommand | undefined;
  begin(commandId: string, device: string, expiresAt: EpochMs): void;
  settle(commandId: string, receipt: Receipt): void;
  /** Commands that were begun and never settled: the agent went down in the middle of them. */
  interrupted(): readonly { readonly id: string; readonly device: string }[];
  /** Forgets commands that had expired before `before`: a repeat of one is refused for its age. */
  forget(before: EpochMs): number;
}

export function createStationStore(deps: {
  readonly db: Db;
  /** A device's parameters may hold its key. */
  readonly sealer: Sealer;
  readonly newId: () => string;
}): StationStore {
  const { db, sealer, newId } = deps;
  db.prepare('INSERT OR IGNORE INTO station_store (only, id) VALUES (1, ?)').run(newId());
  const identity = db.prepare<[], { id: string; epoch: number }>('SELECT id, epoch FROM station_store');
  const times = db.prepare<[], { last: EpochMs | null; pictureOf: EpochMs | null }>(
    'SELECT last_time AS last, picture_of AS pictureOf FROM station_store',
  );
  const noteTimes = db.prepare('UPDATE station_store SET last_time = ?, picture_of = coalesce(?, picture_of)');
  const shed = db.prepare<[], string | null>('SELECT shed FROM station_store').pluck();
  const noteShed = db.prepare('UPDATE station_store SET shed = ?');
  const renew = db.prepare('UPDATE station_store SET id = ?, epoch = epoch + 1');
  const identityNow = (): { id: string; epoch: number } => {
    const row = identity.get();
    if (!row) throw new Error('the store has lost its id');
    return row;
  };
  const all = db.prepare<[], { id: string; definition: Uint8Array }>(
    'SELECT id, definition FROM station_device WHERE sealed = 1 ORDER BY id',
  );
  const plain = db.prepare<[], { id: string; definition: Uint8Array }>(
    'SELECT id, definition FROM station_device WHERE sealed = 0',
  );
  const put = db.prepare('INSERT OR REPLACE INTO station_device (id, definition, sealed) VALUES (?, ?, 1)');
  const one = db
    .prepare<[string], Uint8Array>('SELECT definition FROM station_device WHERE id = ? AND sealed = 1')
    .pluck();
  const remove = db.prepare('DELETE FROM station_device WHERE id = ?');
  const profiles = db.prepare<[], { version: string; bundle: Uint8Array }>(
    'SELECT version, bundle FROM station_profiles',
  );
  const putProfiles = db.prepare('INSERT OR REPLACE INTO station_profiles (id, version, bundle) VALUES (1, ?, ?)');
  const removeProfiles = db.prepare('DELETE FROM station_profiles');
  const profileKeys = db.prepare<[], string | null>('SELECT profile_keys FROM station_store').pluck();
  const putProfileKeys = db.prepare('UPDATE station_store SET profile_keys = ?');
  const firmware = db.prepare<[string], string>('SELECT version FROM station_firmware WHERE device = ?').pluck();
  const noteFirmware = db.prepare('INSERT OR REPLACE INTO station_firmware (device, version) VALUES (?, ?)');
  const forgetFirmware = db.prepare('DELETE FROM station_firmware WHERE device = ?');
  const command = db.prepare<[string], { settled: string | null }>('SELECT settled FROM station_command WHERE id = ?');
  const begin = db.prepare('INSERT INTO station_command (id, device, expires_at) VALUES (?, ?, ?)');
  const settle = db.prepare('UPDATE station_command SET settled = ? WHERE id = ?');
  const open = db.prepare<[], { id: string; device: string }>(
    'SELECT id, device FROM station_command WHERE settled IS NULL',
  );
  const forget = db.prepare('DELETE FROM station_command WHERE expires_at < ? AND settled IS NOT NULL');
  const contextOf = (deviceId: string): string => `station-device/${deviceId}`;
  const putSealed = (deviceId: string, definition: Uint8Array): void => {
    put.run(deviceId, sealer.seal(definition, contextOf(deviceId)));
  };
  const opened = (deviceId: string, definition: Uint8Array): AgentDevice =>
    JSON.parse(Buffer.from(sealer.open(definition, contextOf(deviceId))).toString()) as AgentDevice;
  sealPlain(db, plain.all(), putSealed);
  return {
    identity: identityNow,
    renew: () => {
      renew.run(newId());
      return identityNow();
    },
    times: () => times.get() ?? { last: null, pictureOf: null },
    noteTimes: (last, pictureOf) => {
      noteTimes.run(last, pictureOf ?? null);
    },
    shed: () => {
      const text = shed.get();
      return typeof text === 'string' ? (JSON.parse(text) as Shed) : undefined;
    },
    noteShed: (now) => {
      noteShed.run(now === undefined ? null : JSON.stringify(now));
    },
    devices: () => all.all().map(({ id, definition }) => opened(id, definition)),
    putDevice: (device) => {
      const before = one.get(device.id);
      const line = before && opened(device.id, before).transport;
      if (JSON.stringify(line) !== JSON.stringify(device.transport)) forgetFirmware.run(device.id);
      putSealed(device.id, Buffer.from(JSON.stringify(device)));
    },
    removeDevice: (id) => {
      remove.run(id);
      forgetFirmware.run(id);
    },
    profiles: () => profiles.get(),
    putProfiles: (version, bundle) => {
      putProfiles.run(version, bundle);
    },
    removeProfiles: () => {
      removeProfiles.run();
    },
    profileKeys: () => {
      const text = profileKeys.get();
      return typeof text === 'string' ? profileKeysSchema.parse(JSON.parse(text)) : undefined;
    },
    putProfileKeys: (keys) => {
      putProfileKeys.run(JSON.stringify(keys));
    },
    firmware: {
      of: (deviceId) => firmware.get(deviceId),
      note: (deviceId, version) => {
        noteFirmware.run(deviceId, version);
      },
    },
    seen: (commandId) => {
      const row = command.get(commandId);
      if (!row) return undefined;
      return row.settled === null
        ? { state: 'open' }
        : { state: 'settled', receipt: JSON.parse(row.settled) as Receipt };
    },
    begin: (commandId, device, expiresAt) => {
      begin.run(commandId, device, expiresAt);
    },
    settle: (commandId, receipt) => {
      settle.run(JSON.stringify(receipt), commandId);
    },
    interrupted: () => open.all(),
    forget: (before) => forget.run(before).changes,
  };
}

/** What an earlier program left readable is sealed, and no page of the file keeps what it was. */
function sealPlain(
  db: Db,
  rows: readonly { readonly id: string; readonly definition: Uint8Array }[],
  putSealed: (deviceId: string, definition: Uint8Array) => void,
): void {
  if (rows.length === 0) return;
  transact(db, () => {
    for (const { id, definition } of rows) putSealed(id, definition);
  });
  db.exec('VACUUM');
  db.pragma('wal_checkpoint(TRUNCATE)');
}

/** Nobody knows whether it was done: the agent went down in the middle. */
export const INTERRUPTED: Failure = { code: 'E-DEV-0206' };
