import type { Clock, EpochMs, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { RequestChange, Revoke } from '@hallhub/sync/contract';
import type { Project } from '@hallhub/sync/replica';
import type { Db } from '@hallhub/sync/sqlite';
import type { Vault } from '../vault/index.ts';

/** An approval of one kind, typed by it. */
export type Approved<K extends RequestChange['kind']> = Extract<RequestChange, { op: 'upsert'; kind: K }>;
type ApprovedKind = Extract<RequestChange, { op: 'upsert' }>['kind'];

/** What a domain makes of a kind of request. Both run inside the sync transaction and only write to the hub's database. */
export interface KindHandler<K extends ApprovedKind> {
  readonly kind: K;
  approve(change: Approved<K>): Result<void> | undefined;
  /** May name a request that was never seen. */
  revoke(change: Revoke): void;
}

/** A handler of some kind; narrowed by its `kind`. */
export type AnyKindHandler = { readonly [K in ApprovedKind]: KindHandler<K> }[ApprovedKind];

export interface RequestView {
  readonly id: string;
  readonly kind: string;
  readonly revision: number;
  readonly state: 'approved' | 'revoked';
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
  readonly committedAt: EpochMs;
  readonly appliedAt: EpochMs;
}

export interface Requests {
  /** Handed to the replica. */
  readonly project: Project<RequestChange>;
  get(id: string): RequestView | undefined;
  /** Newest first. */
  list(limit: number): readonly RequestView[];
  /** The request's data. Personal: whoever asks this for a person's eyes records it in the audit. Errors: `E-REQ-0101`. */
  data(id: string): Result<unknown>;
  /** A request that still stands, with its data; undefined for one that was withdrawn, erased or never was. */
  change(id: string): Extract<RequestChange, { op: 'upsert' }> | undefined;
  /** Requests that still stand, with their data, in the order of their ids: everything for whoever has to be told all of it. */
  page(
    after: string,
    limit: number,
  ): { readonly changes: readonly Extract<RequestChange, { op: 'upsert' }>[]; readonly next: string | undefined };
  /** Erases the data of requests that ended before `before`; that they were, and when, stays. */
  erase(before: EpochMs): number;
  summary(): { readonly approved: number; readonly revoked: number };
}

const COLUMNS =
  'id, kind, revision, state, valid_from AS validFrom, valid_until AS validUntil, committed_at AS committedAt, applied_at AS appliedAt';

const STANDING =
  'id, kind, revision, valid_from AS validFrom, valid_until AS validUntil, committed_at AS committedAt, sealed';
interface StandingRow {
  readonly id: string;
  readonly kind: string;
  readonly revision: number;
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
  readonly committedAt: EpochMs;
  readonly sealed: Uint8Array;
}

export function createRequests(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly vault: Vault;
  readonly handlers: readonly AnyKindHandler[];
  /** Told of every change, of whatever kind, after its handler and in the same transaction. */
  readonly follow?: (change: RequestChange) => void;
}): Requests {
  const { db, clock, vault } = deps;
  const handlers = new Map<string, AnyKindHandler>(deps.handlers.map((handler) => [handler.kind, handler]));
  const upsert = db.prepare(
    `INSERT INTO request (id, kind, revision, state, valid_from, valid_until, committed_at, applied_at, sealed)
     VALUES (?, ?, ?, 'approved', ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, revision = excluded.revision, state = 'approved', valid_from = excluded.valid_from,
       valid_until = excluded.valid_until, committed_at = excluded.committed_at, applied_at = excluded.applied_at, sealed = excluded.sealed`,
  );
  const revoke = db.prepare(
    `INSERT INTO request (id, kind, revision, state, valid_from, valid_until, committed_at, applied_at)
     VALUES (?, ?, ?, 'revoked', ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, state = 'revoked', committed_at = excluded.committed_at, applied_at = excluded.applied_at`,
  );
  const byId = db.prepare<[string], RequestView>(`SELECT ${COLUMNS} FROM request WHERE id = ?`);
  const newest = db.prepare<[number], RequestView>(
    `SELECT ${COLUMNS} FROM request ORDER BY applied_at DESC, id DESC LIMIT ?`,
  );
  const sealed = db.prepare<[string], { sealed: Uint8Array | null }>('SELECT sealed FROM request WHERE id = ?');
  const standing = db.prepare<[string, number], StandingRow>(
    `SELECT ${STANDING} FROM request WHERE id > ? AND state = 'approved' AND sealed IS NOT NULL ORDER BY id LIMIT ?`,
  );
  const standingById = db.prepare<[string], StandingRow>(
    `SELECT ${STANDING} FROM request WHERE id = ? AND state = 'approved' AND sealed IS NOT NULL`,
  );
  const toChange = ({ sealed: body, ...row }: StandingRow): Extract<RequestChange, { op: 'upsert' }> | undefined => {
    const opened = vault.open(body, `request/${row.id}`);
    if (!opened.ok) return undefined;
    // What was sealed here had been read by its kind's schema.
    const data = JSON.parse(Buffer.from(opened.value).toString('utf8')) as never;
    return { ...row, op: 'upsert' as const, data } as Extract<RequestChange, { op: 'upsert' }>;
  };
  const erase = db.prepare('UPDATE request SET sealed = NULL WHERE valid_until < ? AND sealed IS NOT NULL');
  const counts = db.prepare<[], { state: string; count: number }>(
    'SELECT state, count(*) AS count FROM request GROUP BY state',
  );

  return {
    project: (change) => {
      if (change.op === 'revoke') {
        revoke.run(
          change.id,
          change.kind,
          change.revision,
          change.validFrom,
          change.validUntil,
          change.committedAt,
          clock.now(),
        );
        handlers.get(change.kind)?.revoke(change);
        deps.follow?.(change);
        return undefined;
      }
      const body = vault.seal(Buffer.from(JSON.stringify(change.data)), `request/${change.id}`);
      upsert.run(
        change.id,
        change.kind,
        change.revision,
        change.validFrom,
        change.validUntil,
        change.committedAt,
        clock.now(),
        body,
      );
      // The handler was found by the kind of this very change.
      const done = handlers.get(change.kind)?.approve(change as never);
      deps.follow?.(change);
      return done;
    },
    get: (id) => byId.get(id),
    list: (limit) => newest.all(limit),
    data: (id) => {
      const row = sealed.get(id);
      if (!row?.sealed) return failure('E-REQ-0101', id);
      const opened = vault.open(row.sealed, `request/${id}`);
      return opened.ok ? ok(JSON.parse(Buffer.from(opened.value).toString('utf8')) as unknown) : opened;
    },
    change: (id) => {
      const row = standingById.get(id);
      return row && toChange(row);
    },
    page: (after, limit) => {
      const rows = standing.all(after, limit);
      const changes = rows.flatMap((row) => toChange(row) ?? []);
      return { changes, next: rows.length < limit ? undefined : rows.at(-1)?.id };
    },
    erase: (before) => erase.run(before).changes,
    summary: () => {
      const of = new Map(counts.all().map(({ state, count }) => [state, count]));
      return { approved: of.get('approved') ?? 0, revoked: of.get('revoked') ?? 0 };
    },
  };
}
