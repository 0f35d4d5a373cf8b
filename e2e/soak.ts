/*
 * The long loops in full: node e2e/soak.ts [kills] [seed]
 * Progress goes to standard error, the counts as one JSON object to standard output. Exit code 1 when something was violated.
 */
import { randomInt } from 'node:crypto';
import { runBusKills } from './kill-loop/bus.ts';
import { runKillLoop } from './kill-loop/run.ts';

const [kills = '50', seed = String(randomInt(2 ** 32))] = process.argv.slice(2);
process.stderr.write(`${kills} kills, seed ${seed}\n`);
const hub = await runKillLoop({
  kills: Number(kills),
  seed: Number(seed),
  progress: (kill) => process.stderr.write(`\rkilled ${kill} times`),
});
process.stderr.write('\ndevice bus\n');
const bus = await runBusKills({ kills: Math.ceil(Number(kills) / 5) });
process.stdout.write(`${JSON.stringify({ hub, bus })}\n`);
const good = hub.violations.length === 0 && bus.lost.length === 0 && bus.doubled.length === 0 && bus.integrity === 'ok';
process.exitCode = good ? 0 : 1;
