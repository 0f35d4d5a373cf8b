/*
 * The long loops in full: node e2e/soak.ts [kills] [seed] [part]
 * Parts are `hub` (gates, kiosk, hall), `queue` and `bus`; all of them where none is named.
 * Progress goes to standard error, the counts as one JSON object to standard output. Exit code 1 when something was violated.
 */
import { randomInt } from 'node:crypto';
import { runBusKills } from './kill-loop/bus.ts';
import { runQueueKills } from './kill-loop/queue.ts';
import { runKillLoop } from './kill-loop/run.ts';

const [kills = '50', seed = String(randomInt(2 ** 32)), part] = process.argv.slice(2);
const many = { kills: Number(kills), seed: Number(seed) };
const progress = (kill: number): void => void process.stderr.write(`\rkilled ${kill} times`);
const wanted = (name: string): boolean => {
  if (part !== undefined && part !== name) return false;
  process.stderr.write(`\n${name}\n`);
  return true;
};
process.stderr.write(`${kills} kills, seed ${seed}\n`);
const hub = wanted('hub') ? await runKillLoop({ ...many, progress }) : undefined;
const queue = wanted('queue') ? await runQueueKills({ ...many, progress }) : undefined;
const bus = wanted('bus') ? await runBusKills({ kills: Math.ceil(many.kills / 5) }) : undefined;
process.stdout.write(`${JSON.stringify({ hub, queue, bus })}\n`);
const isBusGood = !bus || (bus.lost.length === 0 && bus.doubled.length === 0 && bus.integrity === 'ok');
const good = [hub, queue].every((report) => !report || report.violations.length === 0) && isBusGood;
process.exitCode = good ? 0 : 1;
