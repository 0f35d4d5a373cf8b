import { mkdirSync, openSync, readFileSync, writeFileSync, closeSync, fsyncSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { FailureError } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { openDatabase } from '@hallhub/sync/sqlite';

/** The hub's folder on disk, held by one process at a time. */
export interface DataDir {
  readonly path: string;
  file(name: string): string;
  /** Lets the folder go. */
  release(): void;
}

/**
 * Opens (or makes) the data folder and takes it. The lock is a SQLite file held under an exclusive lock, so that the
 * operating system lets go of it whichever way the process ends; a lock file with a process id in it would survive a kill.
 *
 * @throws {FailureError} `E-STORE-0103` when another process holds it.
 */
export function openDataDir(path: string): DataDir {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const lock = takeLock(join(path, 'lock.db'), path);
  return {
    path,
    file: (name) => join(path, name),
    release: () => {
      lock.close();
    },
  };
}

function takeLock(file: string, path: string): Db {
  const refuse = (cause: unknown): never => {
    throw new FailureError(
      {
        code: 'E-STORE-0103',
        detail: `${path} is in use; stop the other hub or set HALLHUB_DATA_DIR to another folder`,
      },
      { cause },
    );
  };
  let db: Db;
  try {
    db = openDatabase({ file, busyTimeoutMs: 200 });
  } catch (cause) {
    return isBusy(cause) ? refuse(cause) : rethrow(cause);
  }
  try {
    db.pragma('journal_mode = DELETE');
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (pid INTEGER); DELETE FROM held; COMMIT;');
    db.prepare('INSERT INTO held VALUES (?)').run(process.pid);
    return db;
  } catch (cause) {
    db.close();
    return isBusy(cause) ? refuse(cause) : rethrow(cause);
  }
}

const isBusy = (cause: unknown): boolean =>
  cause instanceof Error &&
  'code' in cause &&
  typeof cause.code === 'string' &&
  /^SQLITE_(BUSY|LOCKED)/.test(cause.code);

function rethrow(cause: unknown): never {
  throw cause;
}

/** Reads a secret file, or makes it (mode 0600) from `make` at first use. */
export function secretFile(dir: DataDir, name: string, make: () => Buffer): Buffer {
  const file = dir.file(name);
  if (existsSync(file)) return readFileSync(file);
  const secret = make();
  writeFileSync(file, secret, { mode: 0o600, flag: 'wx' });
  const handle = openSync(file, 'r');
  fsyncSync(handle);
  closeSync(handle);
  return secret;
}
