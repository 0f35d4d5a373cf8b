import Database from 'better-sqlite3';
import type { Failure } from '../base/index.ts';
import { FailureError } from '../base/index.ts';

export type Db = Database.Database;
export type Statement<P extends unknown[] = unknown[], R = unknown> = Database.Statement<P, R>;

export interface OpenOptions {
  /** A path, or `:memory:` in a test that needs no durability. */
  readonly file: string;
  readonly readonly?: boolean;
  /** How long a statement waits for another process's lock, in milliseconds; 5,000 by default. */
  readonly busyTimeoutMs?: number;
}

/**
 * Opens a database the one way this product opens databases: WAL with `synchronous=FULL` (a commit is on the disk when it
 * returns), foreign keys on. better-sqlite3's own default in WAL is NORMAL, which a power cut can take back, so the
 * setting is read back.
 *
 * @throws {FailureError} `E-STORE-0105` when the setting did not take, `E-STORE-0102` when the file is no database.
 */
export function openDatabase({ file, readonly = false, busyTimeoutMs = 5_000 }: OpenOptions): Db {
  const db = new Database(file, { readonly, timeout: busyTimeoutMs });
  try {
    if (!readonly) {
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
      db.pragma('wal_autocheckpoint = 2000');
    }
    db.pragma('foreign_keys = ON');
    db.pragma('cache_size = -32000');
    if (!readonly && db.pragma('synchronous', { simple: true }) !== 2) {
      throw new FailureError({ code: 'E-STORE-0105', detail: file });
    }
    return db;
  } catch (cause) {
    db.close();
    if (
      cause instanceof Database.SqliteError &&
      (cause.code === 'SQLITE_NOTADB' || cause.code.startsWith('SQLITE_CORRUPT'))
    ) {
      throw new FailureError({ code: 'E-STORE-0102', detail: file }, { cause });
    }
    throw cause;
  }
}

const ownTrouble = /^SQLITE_(FULL|IOERR|BUSY|LOCKED|READONLY|CORRUPT|NOTADB|NOMEM|CANTOPEN|PROTOCOL|INTERRUPT)(_|$)/;

/** The catalogue's word for an error of the database, where it has one. */
export function storeFailure(error: unknown): Failure | undefined {
  if (!(error instanceof Database.SqliteError)) return undefined;
  if (error.code.startsWith('SQLITE_FULL')) return { code: 'E-STORE-0106' };
  if (error.code.startsWith('SQLITE_CORRUPT')) return { code: 'E-STORE-0102' };
  return undefined;
}

/** Whether an error is trouble of the database itself (full disk, I/O), not of what was to be written. */
export function isOwnTrouble(error: unknown): boolean {
  return error instanceof Database.SqliteError && ownTrouble.test(error.code);
}
