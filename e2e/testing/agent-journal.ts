import type { Db } from '@hallhub/sync/sqlite';
import { openDatabase } from '@hallhub/sync/sqlite';

/** What a gate has written down, in its agent's own database or in the hub's. */
export interface GateEntry {
  readonly id: string;
  readonly state: string;
  readonly code: string | null;
  readonly at: number;
}

/** Looks into a database whose program may be running, or have been killed. */
export function reading<T>(file: string, look: (db: Db) => T): T {
  const db = openDatabase({ file, readonly: true });
  try {
    return look(db);
  } finally {
    db.close();
  }
}

/** In the order in which they were decided: their ids begin with the time. */
export const entriesIn = (file: string, where: string, ...values: string[]): readonly GateEntry[] =>
  reading(file, (db) =>
    db
      .prepare<string[], GateEntry>(`SELECT id, state, code, at FROM gate_entry WHERE ${where} ORDER BY id`)
      .all(...values),
  );

/** Whether an agent holds this approval, and holds it to be good. */
export const holdsPass = (file: string, requestId: string): boolean =>
  reading(
    file,
    (db) =>
      db
        .prepare<[string], number>('SELECT count(*) FROM gate_pass WHERE request_id = ? AND revoked = 0')
        .pluck()
        .get(requestId) !== 0,
  );
