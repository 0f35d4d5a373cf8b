import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@hallhub/sync/base';
import { openDatabase } from '@hallhub/sync/sqlite';
import { openDataDir, secretFile } from '@hallhub/hub/store';
import { randomBytes } from 'node:crypto';
import { startChild } from './children.ts';

/** Fills a hub's data folder with requests as the replica stores them, all papers issued: a hub in the middle of a term. */
export async function storeRequests(dataDir: string, count: number): Promise<void> {
  const dir = openDataDir(dataDir);
  secretFile(dir, 'vault.key', () => randomBytes(32));
  dir.release();
  const child = startChild(join(import.meta.dirname, 'first-sync-main.ts'), [
    ...['--folder', dataDir, '--mode', 'bare-records', '--count', String(count)],
    ...['--key', readFileSync(join(dataDir, 'vault.key')).toString('hex')],
  ]);
  await child.next();
  await child.end();
  const db = openDatabase({ file: join(dataDir, 'hub.db') });
  db.exec("UPDATE certificate SET state = 'issued', document_sha256 = 'none', pages = 1");
  db.prepare('INSERT OR REPLACE INTO replica_position VALUES (?, ?, ?, ?, ?, ?)').run(
    ...['hall', 'cursor-0', 'revocations-0', null, 1, systemClock({ mode: 'production' }).now()],
  );
  db.close();
}
