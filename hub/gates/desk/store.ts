import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';

export interface WalkInRow {
  readonly id: string;
  readonly gateId: string;
  readonly at: EpochMs;
  readonly until: EpochMs;
  readonly by: string;
  /** Hashes in hex, with a space between. */
  readonly credentials: string;
  readonly sealed: Uint8Array;
  readonly requestId: string | null;
  readonly answeredAt: EpochMs | null;
}

/** Whom an approval of today names, without opening it. */
export interface ExpectedRow {
  readonly requestId: string;
  readonly person: number;
  readonly kind: string;
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
  readonly revoked: number;
  readonly terms: string;
}

const COLUMNS =
  'id, gate_id AS gateId, at, until, by, credentials, sealed, request_id AS requestId, answered_at AS answeredAt';

/** The SQL of the guard's desk. */
export function createDeskStore(db: Db) {
  const insert = db.prepare(
    `INSERT INTO gate_walk_in (id, gate_id, at, until, by, credentials, sealed)
     VALUES (@id, @gateId, @at, @until, @by, @credentials, @sealed)`,
  );
  const recent = db.prepare<[number, number], WalkInRow>(
    `SELECT ${COLUMNS} FROM gate_walk_in WHERE at >= ? ORDER BY at DESC, id DESC LIMIT ?`,
  );
  const waiting = db.prepare<[number], Pick<WalkInRow, 'id' | 'gateId' | 'at' | 'until' | 'credentials'>>(
    'SELECT id, gate_id AS gateId, at, until, credentials FROM gate_walk_in WHERE request_id IS NULL AND until > ?',
  );
  const answer = db.prepare(
    'UPDATE gate_walk_in SET request_id = ?, answered_at = ? WHERE id = ? AND request_id IS NULL',
  );
  const forget = db.prepare('DELETE FROM gate_walk_in WHERE until < ?');
  const expected = db.prepare<{ from: number; until: number; limit: number }, ExpectedRow>(
    `SELECT request_id AS requestId, person, kind, valid_from AS validFrom, valid_until AS validUntil, revoked, terms
     FROM gate_pass
     WHERE valid_until > @from AND valid_from < @until AND effect = 'admit'
       AND kind IN ('visitor-access', 'event-access', 'vehicle-access')
     ORDER BY valid_from, request_id, person LIMIT @limit`,
  );
  return {
    insert: (row: Omit<WalkInRow, 'requestId' | 'answeredAt'>): void => {
      insert.run(row);
    },
    /** Newest first. */
    recent: (since: EpochMs, limit: number): readonly WalkInRow[] => recent.all(since, limit),
    /** Those that an approval of now may answer. */
    waiting: (now: EpochMs) => waiting.all(now),
    answer: (id: string, requestId: string, at: EpochMs): boolean => answer.run(requestId, at, id).changes > 0,
    forget: (before: EpochMs): number => forget.run(before).changes,
    /** Visitors, guests of events and cars whose approvals hold at some time in a span, withdrawn ones too. */
    expected: (from: EpochMs, until: EpochMs, limit: number): readonly ExpectedRow[] =>
      expected.all({ from, until, limit }),
  };
}
export type DeskStore = ReturnType<typeof createDeskStore>;
