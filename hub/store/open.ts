import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@hallhub/sync/base';
import type { Db, SchemaComponent } from '@hallhub/sync/sqlite';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import type { DataDir } from './data-dir.ts';

export interface OpenStoreOptions {
  readonly dir: DataDir;
  readonly components: readonly SchemaComponent[];
  readonly clock: Clock;
  /** How many of the copies made before migrations are kept. */
  readonly keepBackups?: number;
}

/**
 * Opens the hub's database and brings it forward. Before a step runs over a database that holds data, a whole copy is put
 * into `backups/` (VACUUM INTO: consistent, compact, and a file that opens by itself).
 */
export function openStore({ dir, components, clock, keepBackups = 5 }: OpenStoreOptions): Db {
  const db = openDatabase({ file: dir.file('hub.db') });
  try {
    migrate({
      db,
      components,
      backup: () => {
        const folder = dir.file('backups');
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        const name = `before-migration-${new Date(clock.now()).toISOString().replaceAll(':', '-')}.db`;
        const file = join(folder, name);
        if (existsSync(file)) rmSync(file);
        db.prepare('VACUUM INTO ?').run(file);
        const copies = readdirSync(folder).filter((entry) => entry.startsWith('before-migration-'));
        for (const old of copies.sort().slice(0, -keepBackups)) rmSync(join(folder, old));
      },
    });
    return db;
  } catch (cause) {
    db.close();
    throw cause;
  }
}
