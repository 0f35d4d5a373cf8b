import { hash, randomUUID } from 'node:crypto';
import type { Clock, Result } from '../base/index.ts';
import { epochMs, failure, iso, ok } from '../base/index.ts';
import type { Change } from '../contract/index.ts';
import { allRequestKinds, bucketOf, whereWrong } from '../contract/index.ts';
import type { FeedLog } from '../feed/index.ts';
import type { Db } from '../sqlite/index.ts';
import { transact } from '../sqlite/index.ts';

export type RequestState = 'submitted' | 'approved' | 'declined' | 'revoked' | 'reported';

export interface HallRequest {
  readonly id: string;
  readonly kind: string;
  readonly state: RequestState;
  /** `premises`: it began at a hub. */
  readonly origin: 'online' | 'premises';
  readonly revision: number;
  readonly validFrom: string;
  readonly validUntil: string;
  readonly createdAt: string;
  readonly committedAt: string | null;
  readonly reason: string | null;
  readonly data: unknown;
}

export interface Application {
  /** Default: a new one. */
  readonly id?: string;
  readonly kind: string;
  readonly validFrom: string;
  readonly validUntil: string;
  readonly data: unknown;
}

/** The hall's requests and the log that hubs read. */
export interface HallRequests {
  readonly log: FeedLog;
  /** Submits an application; `data` is checked by its kind. Fails with `E-HALL-0101`. */
  apply(application: Application): Result<string>;
  /** What began at a hub; joins the transaction under way. */
  receive(application: Application & { readonly id: string }): void;
  /** Approves a submitted (or changes an approved) request. Fails with `E-HALL-0102` or `E-HALL-0103`. */
  approve(id: string, changes?: { readonly validFrom?: string; readonly validUntil?: string }): Result<void>;
  decline(id: string, reason: string): Result<void>;
  revoke(id: string, reason: string): Result<void>;
  /** Commits changes as they are, unchecked, in one transaction: for seeding, and for tests of odd data. */
  commit(changes: readonly Omit<Change, 'committedAt'>[]): void;
  /** Forgets tombstones up to now: cursors that have not passed them become too old. */
  dropTombstones(): void;
  get(id: string): HallRequest | undefined;
  list(limit: number): readonly HallRequest[];
  size(): number;
  putFile(bytes: Uint8Array, mediaType: string): { readonly sha256: string };
  file(sha256: string): { readonly mediaType: string; readonly bytes: Buffer } | undefined;
}

interface RequestRow {
  readonly id: string;
  readonly kind: string;
  readonly state: RequestState;
  readonly origin: 'online' | 'premises';
  readonly schema_version: string;
  readonly revision: number;
  readonly op: 'upsert' | 'revoke' | null;
  readonly valid_from: string;
  readonly valid_until: string;
  readonly committed_at: string | null;
  readonly created_at: string;
  readonly data: string;
  readonly reason: string | null;
  readonly position: number | null;
}

const kindsByName = new Map(allRequestKinds.map((kind) => [kind.kind as string, kind]));
const prefixes: Readonly<Record<string, string>> = {
  'visitor-access': 'V',
  certificate: 'C',
  appointment: 'A',
  'document-delivery': 'D',
};

export function createRequests(options: {
  readonly db: Db;
  readonly clock: Clock;
  /** After a commit that hubs should hear of. */
  readonly committed: () => void;
}): HallRequests {
  const { db, clock } = options;
  const sql = statements(db);

  const meta = (key: string): number => Number(sql.meta.get(key)?.value ?? 0);
  const nextPosition = (): number => {
    const position = meta('head') + 1;
    sql.setMeta.run('head', String(position));
    return position;
  };
  const incarnation = sql.meta.get('incarnation')?.value ?? randomUUID().slice(0, 8);
  sql.setMeta.run('incarnation', incarnation);

  const insert = (application: Application & { readonly id: string }, more: Partial<RequestRow>): void => {
    const now = iso(clock.now());
    const row = {
      state: 'submitted',
      origin: 'online',
      schema_version: kindsByName.get(application.kind)?.schemaVersion ?? '1.0',
      revision: 0,
      op: null,
      committed_at: null,
      position: null,
      ...more,
    };
    sql.insert.run({
      ...row,
      id: application.id,
      kind: application.kind,
      valid_from: application.validFrom,
      valid_until: application.validUntil,
      valid_until_ms: Date.parse(application.validUntil),
      created_at: now,
      data: JSON.stringify(application.data),
      bucket: bucketOf(application.id),
    });
  };

  const newId = (kind: string): string => {
    const number = meta('requests') + 1;
    sql.setMeta.run('requests', String(number));
    const day = iso(clock.now()).slice(0, 10).replaceAll('-', '');
    return `${prefixes[kind] ?? 'R'}-${day}-${String(number).padStart(4, '0')}`;
  };

  const commitState = (
    row: RequestRow,
    change: {
      state: RequestState;
      op: 'upsert' | 'revoke';
      validFrom: string;
      validUntil: string;
      reason: string | null;
    },
  ): void => {
    sql.commit.run({
      id: row.id,
      state: change.state,
      op: change.op,
      revision: row.revision + 1,
      valid_from: change.validFrom,
      valid_until: change.validUntil,
      valid_until_ms: Date.parse(change.validUntil),
      committed_at: iso(clock.now()),
      reason: change.reason,
      position: nextPosition(),
    });
  };

  const change = (id: string, allowed: readonly RequestState[], work: (row: RequestRow) => void): Result<void> => {
    const result = transact(db, (): Result<void> => {
      const row = sql.byId.get(id);
      if (!row) return failure('E-HALL-0102', id);
      if (!allowed.includes(row.state)) return failure('E-HALL-0103', `${id} is ${row.state}`);
      work(row);
      return ok();
    });
    if (result.ok) options.committed();
    return result;
  };

  return {
    log: {
      incarnation: () => incarnation,
      head: () => meta('head'),
      horizon: () => meta('horizon'),
      read: ({ lane, after, limit }) =>
        (lane === 'feed' ? sql.feed : sql.revocations)
          .all(after, limit)
          .map((row) => ({ position: row.position ?? 0, change: toChange(row) })),
      live: ({ afterId, asOf, limit }) => sql.live.all(afterId, asOf, limit).map(toChange),
      refs: ({ afterId, asOf, limit }) => sql.refs.all(afterId, asOf, limit),
      bucket: ({ bucket, asOf }) => sql.bucket.all(bucket, asOf),
      byId: (id) => {
        const row = sql.byId.get(id);
        return row && row.op !== null ? toChange(row) : undefined;
      },
    },

    apply: (application) => {
      const kind = kindsByName.get(application.kind);
      if (!kind) return failure('E-HALL-0101', 'kind');
      const data = kind.schema.safeParse(application.data);
      if (!data.success) return failure('E-HALL-0101', whereWrong(data.error));
      const window = Date.parse(application.validUntil) - Date.parse(application.validFrom);
      if (!(window > 0)) return failure('E-HALL-0101', 'validUntil');
      const id = transact(db, () => {
        const given = application.id ?? newId(application.kind);
        insert({ ...application, id: given, data: data.data }, {});
        return given;
      });
      options.committed();
      return ok(id);
    },
    receive: (application) => {
      const state = kindsByName.has(application.kind) ? 'submitted' : 'reported';
      insert(application, { state, origin: 'premises' });
    },
    approve: (id, changes = {}) =>
      change(id, ['submitted', 'approved', 'revoked'], (row) =>
        commitState(row, {
          state: 'approved',
          op: 'upsert',
          validFrom: changes.validFrom ?? row.valid_from,
          validUntil: changes.validUntil ?? row.valid_until,
          reason: null,
        }),
      ),
    decline: (id, reason) => change(id, ['submitted'], (row) => void sql.decline.run(reason, row.id)),
    revoke: (id, reason) =>
      change(id, ['approved'], (row) =>
        commitState(row, {
          state: 'revoked',
          op: 'revoke',
          validFrom: row.valid_from,
          validUntil: row.valid_until,
          reason,
        }),
      ),
    commit: (changes) => {
      transact(db, () => {
        const committed_at = iso(clock.now());
        for (const item of changes) {
          sql.remove.run(item.id);
          insert(item, {
            state: item.op === 'upsert' ? 'approved' : 'revoked',
            schema_version: item.schemaVersion,
            revision: item.revision,
            op: item.op,
            committed_at,
            position: nextPosition(),
          });
        }
      });
      options.committed();
    },
    dropTombstones: () => {
      transact(db, () => {
        sql.dropTombstones.run();
        sql.setMeta.run('horizon', String(meta('head')));
      });
    },
    get: (id) => {
      const row = sql.byId.get(id);
      return row && toRequest(row);
    },
    list: (limit) => sql.list.all(limit).map(toRequest),
    size: () => sql.size.get()?.size ?? 0,
    putFile: (bytes, mediaType) => {
      const sha256 = hash('sha256', bytes, 'hex');
      sql.putFile.run(sha256, mediaType, bytes, clock.now());
      return { sha256 };
    },
    file: (sha256) => {
      const row = sql.file.get(sha256);
      return row && { mediaType: row.media_type, bytes: row.bytes };
    },
  };
}

function toChange(row: RequestRow): Change {
  return {
    id: row.id,
    kind: row.kind,
    schemaVersion: row.schema_version,
    revision: row.revision,
    op: row.op ?? 'upsert',
    validFrom: row.valid_from,
    validUntil: row.valid_until,
    committedAt: row.committed_at ?? iso(epochMs(0)),
    data:
      row.op === 'revoke'
        ? row.reason === null
          ? {}
          : { reason: row.reason }
        : (JSON.parse(row.data) as Record<string, unknown>),
  };
}

const toRequest = (row: RequestRow): HallRequest => ({
  id: row.id,
  kind: row.kind,
  state: row.state,
  origin: row.origin,
  revision: row.revision,
  validFrom: row.valid_from,
  validUntil: row.valid_until,
  createdAt: row.created_at,
  committedAt: row.committed_at,
  reason: row.reason,
  data: JSON.parse(row.data) as unknown,
});

function statements(db: Db) {
  return {
    meta: db.prepare<[string], { value: string }>('SELECT value FROM hall_meta WHERE key = ?'),
    setMeta: db.prepare('INSERT OR REPLACE INTO hall_meta VALUES (?, ?)'),
    insert: db.prepare(
      `INSERT INTO hall_request (id, kind, state, origin, schema_version, revision, op, valid_from, valid_until,
         valid_until_ms, committed_at, created_at, data, position, bucket)
       VALUES (@id, @kind, @state, @origin, @schema_version, @revision, @op, @valid_from, @valid_until,
         @valid_until_ms, @committed_at, @created_at, @data, @position, @bucket)`,
    ),
    commit: db.prepare(
      `UPDATE hall_request SET state = @state, op = @op, revision = @revision, valid_from = @valid_from,
         valid_until = @valid_until, valid_until_ms = @valid_until_ms, committed_at = @committed_at, reason = @reason,
         position = @position WHERE id = @id`,
    ),
    decline: db.prepare(`UPDATE hall_request SET state = 'declined', reason = ? WHERE id = ?`),
    remove: db.prepare('DELETE FROM hall_request WHERE id = ?'),
    dropTombstones: db.prepare(`DELETE FROM hall_request WHERE op = 'revoke'`),
    byId: db.prepare<[string], RequestRow>('SELECT * FROM hall_request WHERE id = ?'),
    feed: db.prepare<[number, number], RequestRow>(
      'SELECT * FROM hall_request WHERE position > ? ORDER BY position LIMIT ?',
    ),
    revocations: db.prepare<[number, number], RequestRow>(
      `SELECT * FROM hall_request WHERE op = 'revoke' AND position > ? ORDER BY position LIMIT ?`,
    ),
    live: db.prepare<[string, number, number], RequestRow>(
      `SELECT * FROM hall_request WHERE id > ? AND op = 'upsert' AND valid_until_ms > ? ORDER BY id LIMIT ?`,
    ),
    refs: db.prepare<[string, number, number], { id: string; revision: number }>(
      `SELECT id, revision FROM hall_request WHERE id > ? AND op = 'upsert' AND valid_until_ms > ? ORDER BY id LIMIT ?`,
    ),
    bucket: db.prepare<[number, number], { id: string; revision: number }>(
      `SELECT id, revision FROM hall_request
       WHERE bucket = ? AND op = 'upsert' AND valid_until_ms > ? ORDER BY id`,
    ),
    list: db.prepare<[number], RequestRow>('SELECT * FROM hall_request ORDER BY created_at DESC, id DESC LIMIT ?'),
    size: db.prepare<[], { size: number }>('SELECT count(*) AS size FROM hall_request'),
    putFile: db.prepare('INSERT OR IGNORE INTO hall_file VALUES (?, ?, ?, ?)'),
    file: db.prepare<[string], { media_type: string; bytes: Buffer }>(
      'SELECT media_type, bytes FROM hall_file WHERE sha256 = ?',
    ),
  };
}
