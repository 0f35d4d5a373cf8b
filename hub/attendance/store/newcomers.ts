import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';

export interface NewcomerRow {
  readonly requestId: string;
  readonly subject: string;
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
  readonly checkedAt: EpochMs | null;
  readonly point: string | null;
}

const COLUMNS =
  'request_id AS requestId, subject, valid_from AS validFrom, valid_until AS validUntil, checked_at AS checkedAt, point';

/** The SQL of new students who are to check in, and who has. */
export function createNewcomerStore(db: Db) {
  const expect = db.prepare(
    `INSERT INTO attendance_newcomer (request_id, subject, valid_from, valid_until) VALUES (@requestId, @subject, @validFrom, @validUntil)
     ON CONFLICT (request_id) DO UPDATE SET subject = excluded.subject, valid_from = excluded.valid_from, valid_until = excluded.valid_until`,
  );
  const unexpect = db.prepare('DELETE FROM attendance_newcomer WHERE request_id = ? AND checked_at IS NULL');
  const byId = db.prepare<[string], NewcomerRow>(`SELECT ${COLUMNS} FROM attendance_newcomer WHERE request_id = ?`);
  const bySubject = db.prepare<[string, number, number], NewcomerRow>(
    `SELECT ${COLUMNS} FROM attendance_newcomer WHERE subject = ? AND valid_from <= ? AND valid_until > ?
     ORDER BY checked_at IS NOT NULL, valid_from DESC LIMIT 1`,
  );
  const check = db.prepare(
    `UPDATE attendance_newcomer SET checked_at = @at, point = @point, method = @method, by = @by
     WHERE request_id = @requestId AND checked_at IS NULL`,
  );
  const count = db.prepare<[number], { expected: number; checked: number }>(
    'SELECT count(*) AS expected, count(checked_at) AS checked FROM attendance_newcomer WHERE valid_until > ?',
  );
  const forget = db.prepare('DELETE FROM attendance_newcomer WHERE valid_until < ?');
  return {
    expect: (row: Omit<NewcomerRow, 'checkedAt' | 'point'>): void => {
      expect.run(row);
    },
    unexpect: (requestId: string): void => {
      unexpect.run(requestId);
    },
    newcomer: (requestId: string): NewcomerRow | undefined => byId.get(requestId),
    /** Whose time to check in it is; one who has not yet, first. */
    bySubject: (subject: string, at: EpochMs): NewcomerRow | undefined => bySubject.get(subject, at, at),
    /** Returns whether they had not checked in before. */
    check: (
      requestId: string,
      checked: { readonly at: EpochMs; readonly point: string; readonly method: string; readonly by: string },
    ): boolean => check.run({ requestId, ...checked }).changes > 0,
    counts: (now: EpochMs) => count.get(now) ?? { expected: 0, checked: 0 },
    forget: (before: EpochMs): number => forget.run(before).changes,
  };
}
