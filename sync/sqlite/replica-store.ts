import { createHash } from 'node:crypto';
import type { Code } from '../base/index.ts';
import { epochMs } from '../base/index.ts';
import type { ImageProgress, Quarantined, RecordRef, ReplicaRecord, ReplicaStore, Standing } from '../replica/index.ts';
import type { SchemaComponent } from './migrate.ts';
import type { Db } from './open.ts';
import { isOwnTrouble } from './open.ts';
import { transact } from './transaction.ts';
import type { Sealer } from './sealer.ts';

/** Tables of every replica in a database. */
export const replicaSchema: SchemaComponent = {
  component: 'replica',
  migrations: [
    {
      name: 'replica tables',
      sql: `
        CREATE TABLE replica_position (
          source TEXT PRIMARY KEY, cursor TEXT, revocations_cursor TEXT, image TEXT,
          generation INTEGER NOT NULL, fresh_at INTEGER) STRICT;
        -- Clustered by id and with no other index: halls number their requests, so a first load appends, where an
        -- order by digest bucket would touch every page in every transaction.
        CREATE TABLE replica_record (
          source TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, op TEXT NOT NULL,
          revision INTEGER NOT NULL, valid_from INTEGER NOT NULL, valid_until INTEGER NOT NULL,
          committed_at INTEGER NOT NULL, standing TEXT NOT NULL, generation INTEGER NOT NULL,
          PRIMARY KEY (source, id)) STRICT, WITHOUT ROWID;
        CREATE TABLE replica_quarantine (
          key INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, slot TEXT NOT NULL, id TEXT NOT NULL,
          kind TEXT NOT NULL, revision INTEGER NOT NULL, code TEXT NOT NULL, detail TEXT, raw BLOB NOT NULL,
          attempts INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
          UNIQUE (source, slot)) STRICT;`,
    },
  ],
};

export interface SqliteReplicaStoreOptions {
  readonly db: Db;
  /** Which replica of this database, for example `hall`. */
  readonly source: string;
  readonly sealer: Sealer;
}

interface RecordRow {
  readonly id: string;
  readonly kind: string;
  readonly op: 'upsert' | 'revoke';
  readonly revision: number;
  readonly valid_from: number;
  readonly valid_until: number;
  readonly committed_at: number;
  readonly standing: Standing;
}

interface QuarantineRow {
  readonly key: number;
  readonly slot: string;
  readonly id: string;
  readonly kind: string;
  readonly revision: number;
  readonly code: Code;
  readonly detail: string | null;
  readonly raw: Buffer;
  readonly attempts: number;
  readonly first_at: number;
  readonly last_at: number;
}

const toRecord = (row: RecordRow): ReplicaRecord => ({
  id: row.id,
  kind: row.kind,
  op: row.op,
  revision: row.revision,
  validFrom: epochMs(row.valid_from),
  validUntil: epochMs(row.valid_until),
  committedAt: epochMs(row.committed_at),
  standing: row.standing,
});

const toQuarantined = (row: QuarantineRow): Quarantined => ({
  key: row.key,
  id: row.id,
  kind: row.kind,
  revision: row.revision,
  failure: row.detail === null ? { code: row.code } : { code: row.code, detail: row.detail },
  attempts: row.attempts,
  firstAt: epochMs(row.first_at),
  lastAt: epochMs(row.last_at),
});

/** {@link ReplicaStore} over the tables of {@link replicaSchema}. */
export function sqliteReplicaStore({ db, source, sealer }: SqliteReplicaStoreOptions): ReplicaStore {
  const sql = statements(db);
  const context = (slot: string): string => `replica:${source}:${slot}`;
  const savepoint = db.transaction((work: () => unknown) => work());
  return {
    transaction: (work) => transact(db, work),
    savepoint: <T>(work: () => T): T => savepoint(work) as T,
    isOwnTrouble,

    position: () => {
      const row = sql.position.get(source);
      return {
        cursor: row?.cursor ?? null,
        revocationsCursor: row?.revocations_cursor ?? null,
        image: row?.image ? (JSON.parse(row.image) as ImageProgress) : null,
        generation: row?.generation ?? 0,
        freshAt: typeof row?.fresh_at === 'number' ? epochMs(row.fresh_at) : null,
      };
    },
    setPosition: ({ cursor, revocationsCursor, image, generation, freshAt }) => {
      const progress = image === null ? null : JSON.stringify(image);
      sql.setPosition.run(source, cursor, revocationsCursor, progress, generation, freshAt);
    },

    record: (id) => {
      const row = sql.record.get(source, id);
      return row && toRecord(row);
    },
    accept: (record, generation) =>
      sql.accept.run(
        source,
        record.id,
        record.kind,
        record.op,
        record.revision,
        record.validFrom,
        record.validUntil,
        record.committedAt,
        record.standing,
        generation,
      ).changes > 0,
    seen: (id, generation) => {
      sql.seen.run(generation, source, id);
    },
    infer: (id) => {
      sql.infer.run(source, id);
    },
    unseen: (generation, asOf, limit) => sql.unseen.all(source, generation, asOf, limit).map(toRecord),
    live: ({ afterId, asOf, limit }) => sql.live.all(source, afterId, asOf, limit),
    ignored: (knows) =>
      sql.ignored
        .all(source)
        .filter(({ kind }) => knows(kind))
        .map(({ id }) => id),
    counts: () => sql.counts.get(source) ?? { live: 0, revoked: 0 },

    quarantine: ({ id, kind, revision, failure, raw, at }) => {
      const slot = id === '' ? `#${createHash('sha256').update(raw).digest('hex')}` : id;
      const sealed = sealer.seal(Buffer.from(raw), context(slot));
      sql.quarantine.run(source, slot, id, kind, revision, failure.code, failure.detail ?? null, sealed, at, at);
    },
    quarantineSize: () => sql.quarantineSize.get(source)?.size ?? 0,
    quarantined: (limit) => sql.quarantined.all(source, limit).map(toQuarantined),
    quarantinedChange: (key) => {
      const row = sql.quarantinedChange.get(source, key);
      if (!row) return undefined;
      return { entry: toQuarantined(row), raw: Buffer.from(sealer.open(row.raw, context(row.slot))).toString() };
    },
    release: (id, revision) => {
      sql.release.run(source, id, revision);
    },
    discard: (key) => {
      sql.discard.run(source, key);
    },
  };
}

function statements(db: Db) {
  const columns = 'id, kind, op, revision, valid_from, valid_until, committed_at, standing';
  return {
    position: db.prepare<
      [string],
      {
        cursor: string | null;
        revocations_cursor: string | null;
        image: string | null;
        generation: number;
        fresh_at: number | null;
      }
    >('SELECT cursor, revocations_cursor, image, generation, fresh_at FROM replica_position WHERE source = ?'),
    setPosition: db.prepare('INSERT OR REPLACE INTO replica_position VALUES (?, ?, ?, ?, ?, ?)'),
    record: db.prepare<[string, string], RecordRow>(
      `SELECT ${columns} FROM replica_record WHERE source = ? AND id = ?`,
    ),
    accept: db.prepare(
      `INSERT INTO replica_record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (source, id) DO UPDATE SET
         kind = excluded.kind, op = excluded.op, revision = excluded.revision, valid_from = excluded.valid_from,
         valid_until = excluded.valid_until, committed_at = excluded.committed_at, standing = excluded.standing,
         generation = max(generation, excluded.generation)
       WHERE excluded.revision > revision OR (excluded.revision = revision AND standing <> 'applied')`,
    ),
    seen: db.prepare('UPDATE replica_record SET generation = ? WHERE source = ? AND id = ?'),
    infer: db.prepare(`UPDATE replica_record SET op = 'revoke', standing = 'inferred' WHERE source = ? AND id = ?`),
    unseen: db.prepare<[string, number, number, number], RecordRow>(
      `SELECT ${columns} FROM replica_record
       WHERE source = ? AND generation < ? AND op = 'upsert' AND valid_until > ? LIMIT ?`,
    ),
    live: db.prepare<[string, string, number, number], RecordRef>(
      `SELECT id, revision FROM replica_record
       WHERE source = ? AND id > ? AND op = 'upsert' AND valid_until > ? ORDER BY id LIMIT ?`,
    ),
    ignored: db.prepare<[string], { id: string; kind: string }>(
      `SELECT id, kind FROM replica_record WHERE source = ? AND standing = 'ignored' AND op = 'upsert'`,
    ),
    counts: db.prepare<[string], { live: number; revoked: number }>(
      `SELECT count(*) FILTER (WHERE op = 'upsert') AS live, count(*) FILTER (WHERE op = 'revoke') AS revoked
       FROM replica_record WHERE source = ?`,
    ),
    quarantine: db.prepare(
      `INSERT INTO replica_quarantine
         (source, slot, id, kind, revision, code, detail, raw, attempts, first_at, last_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
       ON CONFLICT (source, slot) DO UPDATE SET
         kind = excluded.kind, revision = excluded.revision, code = excluded.code, detail = excluded.detail,
         raw = excluded.raw, attempts = attempts + 1, last_at = excluded.last_at
       WHERE excluded.revision >= revision`,
    ),
    quarantineSize: db.prepare<[string], { size: number }>(
      'SELECT count(*) AS size FROM replica_quarantine WHERE source = ?',
    ),
    quarantined: db.prepare<[string, number], QuarantineRow>(
      'SELECT * FROM replica_quarantine WHERE source = ? ORDER BY key LIMIT ?',
    ),
    quarantinedChange: db.prepare<[string, number], QuarantineRow>(
      'SELECT * FROM replica_quarantine WHERE source = ? AND key = ?',
    ),
    release: db.prepare('DELETE FROM replica_quarantine WHERE source = ? AND slot = ? AND revision <= ?'),
    discard: db.prepare('DELETE FROM replica_quarantine WHERE source = ? AND key = ?'),
  };
}
