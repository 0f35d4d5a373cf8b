import type { Clock, EpochMs } from '../base/index.ts';
import { iso } from '../base/index.ts';
import type { Change } from '../contract/index.ts';
import { bucketOf } from '../contract/index.ts';
import type { FeedLog } from '../feed/index.ts';
import type { SchemaComponent } from './migrate.ts';
import type { Db } from './open.ts';
import { transact } from './transaction.ts';
import type { Sealer } from './sealer.ts';

/** What is projected to whom: one ordered log for each reader. */
export const feedSchema: SchemaComponent = {
  component: 'feed',
  migrations: [
    {
      name: 'feeds by reader',
      sql: `
        CREATE TABLE feed_reader (
          reader TEXT PRIMARY KEY, incarnation TEXT NOT NULL, head INTEGER NOT NULL, horizon INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE feed_record (
          reader TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
          schema_version TEXT NOT NULL, revision INTEGER NOT NULL, op TEXT NOT NULL, valid_from INTEGER NOT NULL,
          valid_until INTEGER NOT NULL, committed_at INTEGER NOT NULL, digest BLOB NOT NULL, data BLOB NOT NULL,
          bucket INTEGER NOT NULL,
          PRIMARY KEY (reader, id)) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX feed_record_position ON feed_record (reader, position);
        CREATE INDEX feed_record_bucket ON feed_record (reader, bucket);`,
    },
  ],
};

/** A record as a domain hands it over. */
export interface FeedRecord {
  readonly id: string;
  readonly kind: string;
  readonly schemaVersion: string;
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The feeds that a hub offers to its agents. Writes join the caller's transaction. */
export interface FeedStore {
  /** Puts a record into a reader's feed; what stands there already as it is makes no change. True: it is new. */
  put(reader: string, record: FeedRecord): boolean;
  /** Withdraws a record. False: the reader does not have it. */
  withdraw(reader: string, id: string, reason?: string): boolean;
  /** Makes a reader's records of one kind exactly these. True: something changed. */
  replaceKind(reader: string, kind: string, records: readonly FeedRecord[]): boolean;
  /** Forgets a reader and everything of its feed. */
  drop(reader: string): void;
  log(reader: string): FeedLog;
  /**
   * Forgets tombstones that were committed before `before`; readers that have not been seen since load a new image. Records
   * that ended before it are forgotten, too: a reader that never hears of them misses nothing.
   */
  purge(before: EpochMs): number;
}

interface Row {
  readonly id: string;
  readonly position: number;
  readonly kind: string;
  readonly schemaVersion: string;
  readonly revision: number;
  readonly op: 'upsert' | 'revoke';
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
  readonly committedAt: EpochMs;
  readonly digest: Uint8Array;
  readonly data: Uint8Array;
}

const COLUMNS = `id, position, kind, schema_version AS schemaVersion, revision, op, valid_from AS validFrom,
  valid_until AS validUntil, committed_at AS committedAt, digest, data`;

/**
 * @param options.digest - a keyed hash of a record's content, to tell whether it changed without opening what is sealed.
 */
export function sqliteFeedStore(options: {
  readonly db: Db;
  readonly clock: Clock;
  readonly sealer: Sealer;
  readonly digest: (text: string) => Uint8Array;
  readonly incarnation: () => string;
}): FeedStore {
  const { db, clock, sealer } = options;
  const reader = db.prepare<[string], { incarnation: string; head: number; horizon: number }>(
    'SELECT incarnation, head, horizon FROM feed_reader WHERE reader = ?',
  );
  const addReader = db.prepare('INSERT INTO feed_reader (reader, incarnation, head, horizon) VALUES (?, ?, 0, 0)');
  const next = db.prepare<[string], { head: number }>(
    'UPDATE feed_reader SET head = head + 1 WHERE reader = ? RETURNING head',
  );
  const byId = db.prepare<[string, string], Row>(`SELECT ${COLUMNS} FROM feed_record WHERE reader = ? AND id = ?`);
  const write = db.prepare(
    `INSERT OR REPLACE INTO feed_record (reader, id, position, kind, schema_version, revision, op, valid_from,
       valid_until, committed_at, digest, data, bucket) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const idsOfKind = db.prepare<[string, string], { id: string }>(
    "SELECT id FROM feed_record WHERE reader = ? AND kind = ? AND op = 'upsert'",
  );
  const read = db.prepare<[string, number, number], Row>(
    `SELECT ${COLUMNS} FROM feed_record WHERE reader = ? AND position > ? ORDER BY position LIMIT ?`,
  );
  const readRevocations = db.prepare<[string, number, number], Row>(
    `SELECT ${COLUMNS} FROM feed_record WHERE reader = ? AND position > ? AND op = 'revoke' ORDER BY position LIMIT ?`,
  );
  const live = db.prepare<[string, string, number, number], Row>(
    `SELECT ${COLUMNS} FROM feed_record
     WHERE reader = ? AND id > ? AND valid_until > ? AND op = 'upsert' ORDER BY id LIMIT ?`,
  );
  const bucket = db.prepare<[string, number, number], { id: string; revision: number }>(
    `SELECT id, revision FROM feed_record
     WHERE reader = ? AND bucket = ? AND valid_until > ? AND op = 'upsert' ORDER BY id`,
  );
  const dropReader = db.prepare('DELETE FROM feed_reader WHERE reader = ?');
  const dropRecords = db.prepare('DELETE FROM feed_record WHERE reader = ?');
  const oldTombstones = db.prepare<[number], { reader: string; position: number }>(
    "SELECT reader, max(position) AS position FROM feed_record WHERE op = 'revoke' AND committed_at < ? GROUP BY reader",
  );
  const dropTombstones = db.prepare(
    "DELETE FROM feed_record WHERE reader = ? AND op = 'revoke' AND committed_at < ? AND position <= ?",
  );
  const dropExpired = db.prepare("DELETE FROM feed_record WHERE op = 'upsert' AND valid_until < ?");
  const setHorizon = db.prepare('UPDATE feed_reader SET horizon = max(horizon, ?) WHERE reader = ?');

  const known = (name: string): { incarnation: string; head: number; horizon: number } => {
    const row = reader.get(name);
    if (row) return row;
    addReader.run(name, options.incarnation());
    return reader.get(name) ?? { incarnation: '', head: 0, horizon: 0 };
  };
  const context = (name: string, id: string): string => `feed/${name}/${id}`;
  const digestOf = ({ kind, schemaVersion, validFrom, validUntil, data }: FeedRecord): Uint8Array =>
    options.digest(JSON.stringify([kind, schemaVersion, validFrom, validUntil, data]));
  const commit = (name: string, record: FeedRecord, op: Row['op'], digest: Uint8Array): void => {
    const position = next.get(name)?.head ?? 0;
    // Grows with every change of a record, also of one that was forgotten here in between and is still known to its reader.
    const revision = position;
    const plain = Buffer.from(JSON.stringify(record.data));
    const { id, kind, schemaVersion, validFrom, validUntil } = record;
    const sealed = sealer.seal(plain, context(name, id));
    const now = clock.now();
    write.run(
      name,
      id,
      position,
      kind,
      schemaVersion,
      revision,
      op,
      validFrom,
      validUntil,
      now,
      digest,
      sealed,
      bucketOf(id),
    );
  };
  const toChange = (name: string, row: Row): Change => ({
    id: row.id,
    kind: row.kind,
    schemaVersion: row.schemaVersion,
    revision: row.revision,
    op: row.op,
    validFrom: iso(row.validFrom),
    validUntil: iso(row.validUntil),
    committedAt: iso(row.committedAt),
    data: JSON.parse(Buffer.from(sealer.open(row.data, context(name, row.id))).toString('utf8')) as Change['data'],
  });

  const put: FeedStore['put'] = (name, record) => {
    known(name);
    const before = byId.get(name, record.id);
    const digest = digestOf(record);
    if (before?.op === 'upsert' && Buffer.from(before.digest).equals(digest)) return false;
    commit(name, record, 'upsert', digest);
    return true;
  };
  const withdraw: FeedStore['withdraw'] = (name, id, reason) => {
    const before = byId.get(name, id);
    if (before?.op !== 'upsert') return false;
    const { kind, schemaVersion, validFrom, validUntil } = before;
    const data = reason === undefined ? {} : { reason };
    commit(name, { id, kind, schemaVersion, validFrom, validUntil, data }, 'revoke', new Uint8Array());
    return true;
  };

  return {
    put: (name, record) => transact(db, () => put(name, record)),
    withdraw: (name, id, reason) => transact(db, () => withdraw(name, id, reason)),
    replaceKind: (name, kind, records) =>
      transact(db, () => {
        known(name);
        const wanted = new Set(records.map(({ id }) => id));
        const gone = idsOfKind.all(name, kind).filter(({ id }) => !wanted.has(id));
        const withdrawn = gone.map(({ id }) => withdraw(name, id));
        const added = records.map((record) => put(name, record));
        return [...withdrawn, ...added].some(Boolean);
      }),
    drop: (name) => {
      transact(db, () => {
        dropRecords.run(name);
        dropReader.run(name);
      });
    },
    log: (name): FeedLog => ({
      incarnation: () => transact(db, () => known(name).incarnation),
      head: () => reader.get(name)?.head ?? 0,
      horizon: () => reader.get(name)?.horizon ?? 0,
      read: ({ lane, after, limit }) =>
        (lane === 'feed' ? read : readRevocations)
          .all(name, after, limit)
          .map((row) => ({ position: row.position, change: toChange(name, row) })),
      live: ({ afterId, asOf, limit }) => live.all(name, afterId, asOf, limit).map((row) => toChange(name, row)),
      refs: ({ afterId, asOf, limit }) =>
        live.all(name, afterId, asOf, limit).map(({ id, revision }) => ({ id, revision })),
      bucket: ({ bucket: number, asOf }) => bucket.all(name, number, asOf),
      byId: (id) => {
        const row = byId.get(name, id);
        return row && toChange(name, row);
      },
    }),
    purge: (before) =>
      transact(db, () => {
        let dropped = dropExpired.run(before).changes;
        for (const old of oldTombstones.all(before)) {
          dropped += dropTombstones.run(old.reader, before, old.position).changes;
          setHorizon.run(old.position, old.reader);
        }
        return dropped;
      }),
  };
}
