import { join } from 'node:path';
import { memoryOf, pause, startChild } from './kit/children.ts';
import { withFolder } from './kit/folder.ts';
import { startHub } from './kit/hub-process.ts';
import { MiB, median, report } from './kit/measure.ts';
import { storeRequests } from './kit/stored.ts';

/*
 * What the hub's process holds when nothing happens: resident memory a few seconds after the start, with 20,000 requests
 * stored. The PDF process is started when a certificate is drawn and ended when idle; its peak is in `certificate`.
 */
const COUNT = 20_000;
const ROUNDS = 3;
const SETTLING_MS = 4_000;

await withFolder(async (folder) => {
  await storeRequests(folder, COUNT);
  // The first start loads what makes keys and certificates, once in a hub's life.
  const first = await startHub(folder);
  await pause(SETTLING_MS);
  const firstEver = memoryOf(first.pid).now / MiB;
  await first.end();
  const idle: number[] = [];
  const peak: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const hub = await startHub(folder);
    const bare = startChild(join(import.meta.dirname, 'kit/bare-hub-main.ts'), []);
    await bare.next();
    await pause(SETTLING_MS);
    const memory = memoryOf(hub.pid);
    idle.push(memory.now / MiB);
    peak.push(memory.peak / MiB);
    plain.push(memoryOf(bare.process.pid ?? 'self').now / MiB);
    await bare.end();
    await hub.end();
  }
  report({
    name: 'idle-memory/hub',
    value: median(idle),
    unit: 'MiB',
    baseline: 'Node with fastify, aedes and better-sqlite3 loaded and listening',
    baselineValue: median(plain),
    aim: 'value < 150',
    peakMemory: Math.max(...peak),
    firstEver,
    samples: ROUNDS,
  });
});
