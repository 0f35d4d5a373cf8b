import { createHash } from 'node:crypto';
import { FailureError } from '../base/index.ts';
import type { Db } from './open.ts';
import { transact } from './transaction.ts';

/** One step forward. Numbers are contiguous from 1 in each component; a step that has shipped is never edited. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** The tables of one part of the product, so that parts can grow apart and share one file. */
export interface SchemaComponent {
  readonly component: string;
  readonly migrations: readonly Migration[];
}

export interface MigrateOptions {
  readonly db: Db;
  readonly components: readonly SchemaComponent[];
  /** Called once before the first pending step of a database that already holds data. */
  readonly backup?: () => void;
}

interface AppliedRow {
  readonly component: string;
  readonly step: number;
  readonly checksum: string;
}

const checksum = (migration: Migration): string =>
  createHash('sha256').update(migration.sql).digest('hex').slice(0, 16);

/**
 * Brings the database forward, all pending steps in one transaction.
 *
 * @throws {FailureError} `E-STORE-0101` when the file knows steps that this program does not (it is newer),
 *   `E-STORE-0104` when a step that ran is not the step that is shipped.
 */
export function migrate({ db, components, backup }: MigrateOptions): { readonly applied: number } {
  db.exec(
    `CREATE TABLE IF NOT EXISTS schema_step (
       component TEXT NOT NULL, step INTEGER NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL,
       PRIMARY KEY (component, step)) STRICT`,
  );
  const rows = db.prepare<[], AppliedRow>('SELECT component, step, checksum FROM schema_step').all();
  const known = new Map(components.map((component) => [component.component, component.migrations]));
  for (const row of rows) {
    const migration = known.get(row.component)?.[row.step - 1];
    if (!migration) throw new FailureError({ code: 'E-STORE-0101', detail: `${row.component} step ${row.step}` });
    if (checksum(migration) !== row.checksum) {
      throw new FailureError({ code: 'E-STORE-0104', detail: `${row.component} step ${row.step}` });
    }
  }
  const done = new Set(rows.map((row) => `${row.component}/${row.step}`));
  const pending = components.flatMap(({ component, migrations }) =>
    migrations
      .map((migration, index) => ({ component, step: index + 1, migration }))
      .filter(({ step }) => !done.has(`${component}/${step}`)),
  );
  if (pending.length === 0) return { applied: 0 };
  if (rows.length > 0) backup?.();
  transact(db, () => {
    const record = db.prepare('INSERT INTO schema_step (component, step, name, checksum) VALUES (?, ?, ?, ?)');
    for (const { component, step, migration } of pending) {
      db.exec(migration.sql);
      record.run(component, step, migration.name, checksum(migration));
    }
  });
  return { applied: pending.length };
}
