import type { Db, SchemaComponent } from '@hallhub/sync/sqlite';

export const hallSchema: SchemaComponent = {
  component: 'hall',
  migrations: [
    {
      name: 'fencing epoch',
      sql: `
        CREATE TABLE hall_epoch (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL) STRICT;
        INSERT INTO hall_epoch VALUES (1, 1);`,
    },
  ],
};

/** The hub's fencing epoch: the hall refuses a hub that comes with a lower one than it has seen. */
export function readEpoch(db: Db): number {
  return db.prepare<[], number>('SELECT epoch FROM hall_epoch').pluck().get() ?? 1;
}

/** For a hub restored from a backup or promoted from standby: from now on it, and not the other, speaks for this hub id. */
export function raiseEpoch(db: Db): number {
  return db.prepare<[], number>('UPDATE hall_epoch SET epoch = epoch + 1 RETURNING epoch').pluck().get() ?? 1;
}
