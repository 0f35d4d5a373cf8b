import { createHmac, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { FailureError } from '@hallhub/sync/base';
import type { Db, SchemaComponent } from '@hallhub/sync/sqlite';
import type { DataDir } from '../store/index.ts';
import { secretFile } from '../store/index.ts';
import type { Vault } from './vault.ts';
import { createVault } from './vault.ts';

export const vaultSchema: SchemaComponent = {
  component: 'vault',
  migrations: [
    {
      name: 'which key the data was sealed with',
      sql: 'CREATE TABLE vault_key_check (one INTEGER PRIMARY KEY CHECK (one = 1), value BLOB NOT NULL) STRICT;',
    },
  ],
};

const KEY_FILE = 'vault.key';

/**
 * Opens the vault with the key of the data folder, which is made together with an empty database and never later: a database
 * that came back without its key must not be given another, under which nobody would be recognised.
 *
 * @throws {FailureError} `E-VAULT-0102` when the key is missing or is not the one that the database was written with.
 */
export function openVault(dir: DataDir, db: Db): Vault {
  const known = db.prepare<[], Uint8Array>('SELECT value FROM vault_key_check').pluck().get();
  if (known && !existsSync(dir.file(KEY_FILE))) {
    throw new FailureError({
      code: 'E-VAULT-0102',
      detail: `${dir.file(KEY_FILE)} is missing; put back the key that was kept apart from the database`,
    });
  }
  const key = secretFile(dir, KEY_FILE, () => randomBytes(32));
  const value = createHmac('sha256', key).update('hallhub key check').digest();
  if (!known) db.prepare('INSERT INTO vault_key_check VALUES (1, ?)').run(value);
  else if (!value.equals(known)) {
    throw new FailureError({
      code: 'E-VAULT-0102',
      detail: `${dir.file(KEY_FILE)} is another key than the one this database was written with`,
    });
  }
  return createVault(key);
}
