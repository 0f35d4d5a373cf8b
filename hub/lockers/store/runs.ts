import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';

export interface RunRow {
  readonly id: string;
  readonly line: string;
  readonly to: string;
  readonly bus: string | null;
  readonly driver: string | null;
  readonly departsAt: EpochMs;
  readonly arrivesAt: EpochMs;
}

export type RunStore = ReturnType<typeof runStore>;

/** Which bus goes when, and who drives it. */
export function runStore(db: Db) {
  const put = db.prepare(
    `INSERT INTO locker_run (id, line, to_hub, bus, driver, departs_at, arrives_at)
     VALUES (@id, @line, @to, @bus, @driver, @departsAt, @arrivesAt)
     ON CONFLICT (id) DO UPDATE SET bus = excluded.bus, driver = excluded.driver`,
  );
  const get = db.prepare<[string], RunRow>(
    `SELECT id, line, to_hub AS "to", bus, driver, departs_at AS departsAt, arrives_at AS arrivesAt FROM locker_run WHERE id = ?`,
  );
  return {
    put: (row: RunRow): void => {
      put.run(row);
    },
    get: (id: string): RunRow | undefined => get.get(id),
  };
}
