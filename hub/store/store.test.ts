import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FailureError, manualClock } from '@hallhub/sync/base';
import type { SchemaComponent } from '@hallhub/sync/sqlite';
import { openDatabase } from '@hallhub/sync/sqlite';
import { describe, expect, it } from 'vitest';
import { openDataDir, openStore, secretFile } from './index.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'hallhub-store-'));
const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    return error instanceof FailureError ? error.failure.code : String(error);
  }
  return undefined;
};

const steps = (count: number, edited = false): SchemaComponent[] => [
  {
    component: 'thing',
    migrations: Array.from({ length: count }, (_, index) => ({
      name: `step ${index + 1}`,
      sql: `CREATE TABLE t${index + 1} (x INTEGER${edited && index === 0 ? ', y' : ''});`,
    })),
  },
];

describe('data folder', () => {
  it('is held by one process at a time, and is free again when that one ends', () => {
    const path = folder();
    const first = openDataDir(path);
    const second = spawnSync(
      process.execPath,
      [
        '-e',
        `import(${JSON.stringify(join(import.meta.dirname, 'data-dir.ts'))}).then(m => m.openDataDir(${JSON.stringify(path)})).then(() => console.log('got it'), (e) => console.log(e.failure?.code))`,
      ],
      { encoding: 'utf8' },
    );
    expect(second.stdout.trim()).toBe('E-STORE-0103');
    first.release();
    openDataDir(path).release();
  });

  it('keeps secrets to its owner and makes them once', () => {
    const dir = openDataDir(folder());
    const made = secretFile(dir, 'key', () => Buffer.from('one'));
    expect(secretFile(dir, 'key', () => Buffer.from('two'))).toEqual(made);
    expect(statSync(dir.file('key')).mode & 0o777).toBe(0o600);
    dir.release();
  });
});

describe('store', () => {
  it('writes durably', () => {
    const dir = openDataDir(folder());
    const db = openStore({ dir, components: steps(1), clock: manualClock() });
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    db.close();
    dir.release();
  });

  it('copies the database before it migrates one that holds data, and only then', () => {
    const dir = openDataDir(folder());
    const clock = manualClock();
    const first = openStore({ dir, components: steps(1), clock });
    first.exec('INSERT INTO t1 VALUES (42)');
    first.close();
    openStore({ dir, components: steps(1), clock }).close();
    expect(() => readdirSync(dir.file('backups'))).toThrow();
    openStore({ dir, components: steps(2), clock }).close();
    const [copy] = readdirSync(dir.file('backups'));
    const backup = openDatabase({ file: join(dir.file('backups'), copy!), readonly: true });
    expect(backup.prepare('SELECT x FROM t1').pluck().get()).toBe(42);
    backup.close();
    dir.release();
  });

  it('refuses a database from a newer program, an edited step, and a file that is no database', () => {
    const dir = openDataDir(folder());
    const clock = manualClock();
    openStore({ dir, components: steps(2), clock }).close();
    expect(codeOf(() => openStore({ dir, components: steps(1), clock }))).toBe('E-STORE-0101');
    expect(codeOf(() => openStore({ dir, components: steps(2, true), clock }))).toBe('E-STORE-0104');
    dir.release();
  });
});
