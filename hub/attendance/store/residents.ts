import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Span } from '../rules.ts';

export interface ResidentRow {
  readonly requestId: string;
  /** Keyed hash. */
  readonly subject: string;
  readonly building: string;
  readonly category: string;
  readonly counsellor: string | null;
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
}

const COLUMNS =
  'request_id AS requestId, subject, building, category, counsellor, valid_from AS validFrom, valid_until AS validUntil';

export type ResidentStore = ReturnType<typeof createResidentStore>;

/** The SQL of who lives where, and who is on leave. */
export function createResidentStore(db: Db) {
  const put = db.prepare(
    `INSERT INTO attendance_resident (request_id, subject, building, category, counsellor, valid_from, valid_until)
     VALUES (@requestId, @subject, @building, @category, @counsellor, @validFrom, @validUntil)
     ON CONFLICT (request_id) DO UPDATE SET subject = excluded.subject, building = excluded.building, category = excluded.category,
       counsellor = excluded.counsellor, valid_from = excluded.valid_from, valid_until = excluded.valid_until, revoked = 0`,
  );
  const remove = db.prepare('DELETE FROM attendance_resident WHERE request_id = ?');
  const revoke = db.prepare(
    'UPDATE attendance_resident SET revoked = 1, valid_until = min(valid_until, ?) WHERE request_id = ? AND revoked = 0',
  );
  const byRequest = db.prepare<[string], ResidentRow>(
    `SELECT ${COLUMNS} FROM attendance_resident WHERE request_id = ?`,
  );
  const living = db.prepare<[string, number, number], ResidentRow>(
    // With one max() the other columns are those of its row: of several entries of one person the newest.
    `SELECT ${COLUMNS.replace('valid_from AS', 'max(valid_from) AS')} FROM attendance_resident
     WHERE building = ? AND valid_from <= ? AND valid_until > ? GROUP BY subject ORDER BY subject`,
  );
  const ofSubject = db.prepare<[string], ResidentRow>(
    `SELECT ${COLUMNS} FROM attendance_resident WHERE subject = ? ORDER BY valid_until DESC`,
  );
  const putLeave = db.prepare(
    `INSERT INTO attendance_leave (request_id, subject, valid_from, valid_until) VALUES (@requestId, @subject, @from, @until)
     ON CONFLICT (request_id) DO UPDATE SET subject = excluded.subject, valid_from = excluded.valid_from,
       valid_until = excluded.valid_until, revoked = 0`,
  );
  const revokeLeave = db.prepare('UPDATE attendance_leave SET revoked = 1 WHERE request_id = ?');
  const leaveOf = db.prepare<[string], Span & { subject: string }>(
    'SELECT subject, valid_from AS "from", valid_until AS until FROM attendance_leave WHERE request_id = ?',
  );
  const leaves = db.prepare<[string, number, number], Span>(
    `SELECT valid_from AS "from", valid_until AS until FROM attendance_leave
     WHERE subject = ? AND revoked = 0 AND valid_until > ? AND valid_from <= ?`,
  );
  const forgetResidents = db.prepare('DELETE FROM attendance_resident WHERE valid_until < ?');
  const forgetLeaves = db.prepare('DELETE FROM attendance_leave WHERE valid_until < ?');

  return {
    put: (row: ResidentRow): void => {
      put.run(row);
    },
    remove: (requestId: string): void => {
      remove.run(requestId);
    },
    /** They no longer live there from `at` on; nights before stay theirs. */
    revoke: (requestId: string, at: EpochMs): void => {
      revoke.run(at, requestId);
    },
    byRequest: (requestId: string): ResidentRow | undefined => byRequest.get(requestId),
    /** Who lives in a building at an instant. */
    living: (building: string, at: EpochMs): readonly ResidentRow[] => living.all(building, at, at),
    /** Where somebody has lived, newest first. */
    ofSubject: (subject: string): readonly ResidentRow[] => ofSubject.all(subject),
    putLeave: (leave: Span & { readonly requestId: string; readonly subject: string }): void => {
      putLeave.run(leave);
    },
    revokeLeave: (requestId: string): void => {
      revokeLeave.run(requestId);
    },
    leaveOf: (requestId: string): (Span & { readonly subject: string }) | undefined => leaveOf.get(requestId),
    /** Leaves that stand and touch the time between two instants. */
    leaves: (subject: string, from: EpochMs, until: EpochMs): readonly Span[] => leaves.all(subject, from, until),
    forget: (before: EpochMs): number => forgetResidents.run(before).changes + forgetLeaves.run(before).changes,
  };
}
