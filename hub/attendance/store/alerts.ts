import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';

export const ALERT_TYPES = ['visitor-late', 'visitor-stays', 'attempt', 'unseen'] as const;
export type AlertType = (typeof ALERT_TYPES)[number];

export interface AlertRow {
  /** Names what it is about: the same thing is told once. */
  readonly id: string;
  readonly type: AlertType;
  readonly building: string;
  readonly subject: string;
  readonly requestId: string;
  readonly person: number;
  readonly kind: string;
  readonly gateId: string | null;
  readonly at: EpochMs;
  readonly seenBy: string | null;
  readonly seenAt: EpochMs | null;
}

const COLUMNS = `id, type, building, subject, request_id AS requestId, person, kind, gate_id AS gateId, at, seen_by AS seenBy,
  seen_at AS seenAt`;

export type AlertStore = ReturnType<typeof createAlertStore>;

/** The SQL of what cannot wait for the list of a night. */
export function createAlertStore(db: Db) {
  const raise = db.prepare(
    `INSERT INTO attendance_alert (id, type, building, subject, request_id, person, kind, gate_id, at)
     VALUES (@id, @type, @building, @subject, @requestId, @person, @kind, @gateId, @at) ON CONFLICT DO NOTHING`,
  );
  const byId = db.prepare<[string], AlertRow>(`SELECT ${COLUMNS} FROM attendance_alert WHERE id = ?`);
  const recent = db.prepare<[string, number], AlertRow>(
    `SELECT ${COLUMNS} FROM attendance_alert WHERE building = ? ORDER BY at DESC, id DESC LIMIT ?`,
  );
  const seen = db.prepare('UPDATE attendance_alert SET seen_by = ?, seen_at = ? WHERE id = ? AND seen_by IS NULL');
  const unseen = db
    .prepare<[string], number>('SELECT count(*) FROM attendance_alert WHERE building = ? AND seen_by IS NULL')
    .pluck();
  const forget = db.prepare('DELETE FROM attendance_alert WHERE at < ?');
  return {
    /** Returns whether it was new. */
    raise: (alert: Omit<AlertRow, 'seenBy' | 'seenAt'>): boolean => raise.run(alert).changes > 0,
    alert: (id: string): AlertRow | undefined => byId.get(id),
    /** Newest first. */
    recent: (building: string, limit: number): readonly AlertRow[] => recent.all(building, limit),
    seen: (id: string, by: string, at: EpochMs): boolean => seen.run(by, at, id).changes > 0,
    unseen: (building: string): number => unseen.get(building) ?? 0,
    forget: (before: EpochMs): number => forget.run(before).changes,
  };
}
