import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';

export interface AlarmRow {
  readonly id: string;
  readonly gateId: string;
  readonly alarm: string;
  readonly at: EpochMs;
  readonly clearedAt: EpochMs | null;
  readonly seenBy: string | null;
  readonly seenAt: EpochMs | null;
}

const COLUMNS = 'id, gate_id AS gateId, alarm, at, cleared_at AS clearedAt, seen_by AS seenBy, seen_at AS seenAt';

export type AlarmStore = ReturnType<typeof createAlarmStore>;

/** The SQL of what a gate noticed beside entries: forced, tailgating, held open, duress, a pass used twice. */
export function createAlarmStore(db: Db) {
  const raise = db.prepare(
    'INSERT INTO gate_alarm (id, gate_id, alarm, at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
  );
  const clear = db.prepare(
    'UPDATE gate_alarm SET cleared_at = ? WHERE gate_id = ? AND alarm = ? AND cleared_at IS NULL',
  );
  const seen = db.prepare('UPDATE gate_alarm SET seen_by = ?, seen_at = ? WHERE id = ? AND seen_by IS NULL');
  const newest = (which: string) =>
    db.prepare<[number], AlarmRow>(
      `SELECT ${COLUMNS} FROM gate_alarm WHERE ${which} ORDER BY at DESC, id DESC LIMIT ?`,
    );
  const newestUnseen = newest('seen_by IS NULL');
  const newestSeen = newest('seen_by IS NOT NULL');
  const byId = db.prepare<[string], AlarmRow>(`SELECT ${COLUMNS} FROM gate_alarm WHERE id = ?`);
  const unseen = db.prepare<[], number>('SELECT count(*) FROM gate_alarm WHERE seen_by IS NULL').pluck();
  const unseenBefore = db
    .prepare<[number], number>('SELECT count(*) FROM gate_alarm WHERE seen_by IS NULL AND at < ?')
    .pluck();
  const purge = db.prepare('DELETE FROM gate_alarm WHERE at < ? AND seen_by IS NOT NULL');
  return {
    /** Returns whether it was new. */
    raise: (id: string, gateId: string, alarm: string, at: EpochMs): boolean =>
      raise.run(id, gateId, alarm, at).changes > 0,
    clear: (gateId: string, alarm: string, at: EpochMs): boolean => clear.run(at, gateId, alarm).changes > 0,
    seen: (id: string, by: string, at: EpochMs): boolean => seen.run(by, at, id).changes > 0,
    alarm: (id: string): AlarmRow | undefined => byId.get(id),
    /** Those that nobody has seen to, then the others; the newest of each first. */
    list: (limit: number): readonly AlarmRow[] => {
      const open = newestUnseen.all(limit);
      return [...open, ...newestSeen.all(limit - open.length)];
    },
    unseen: (): number => unseen.get() ?? 0,
    unseenBefore: (before: EpochMs): number => unseenBefore.get(before) ?? 0,
    /** Forgets those that somebody has seen to. */
    purge: (before: EpochMs): number => purge.run(before).changes,
  };
}
