import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { withFolder } from './kit/folder.ts';
import { startHub } from './kit/hub-process.ts';
import { median, remark, report } from './kit/measure.ts';
import { storeRequests } from './kit/stored.ts';

/*
 * From the start of the hub's process to the first 200 of /readyz, with 200,000 requests stored, against a bare Node that
 * opens the same file and reads one row.
 */
const COUNT = 200_000;
const ROUNDS = 5;

await withFolder(async (folder) => {
  await storeRequests(folder, COUNT);
  const sqlite = createRequire(join(import.meta.dirname, '../sync/sqlite/open.ts')).resolve('better-sqlite3');
  const open = `const db = new (require(${JSON.stringify(sqlite)}))(${JSON.stringify(join(folder, 'hub.db'))});
    if (db.prepare("SELECT id FROM request LIMIT 1").all().length !== 1) process.exit(1);`;
  // The first start makes keys and certificates; every later one finds them.
  const first = await startHub(folder);
  await first.end();
  remark(`very first start ${Math.round(first.readyMs)} ms`);
  const ready: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const hub = await startHub(folder);
    ready.push(hub.readyMs);
    await hub.end();
    const begun = performance.now();
    const { status } = spawnSync(process.execPath, ['-e', open]);
    if (status !== 0) throw new Error('the bare process could not read the file');
    plain.push(performance.now() - begun);
  }
  report({
    name: 'startup/ready',
    value: median(ready),
    unit: 'ms',
    baseline: 'node -e that opens the same file and reads a row',
    baselineValue: median(plain),
    aim: 'value < 2000',
    worst: Math.max(...ready),
    firstEver: first.readyMs,
    requests: COUNT,
    samples: ROUNDS,
  });
});
