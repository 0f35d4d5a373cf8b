/*
 * The long loops in full: node e2e/soak.ts [kills] [seed]
 * Progress goes to standard error, the counts as one JSON object to standard output. Exit code 1 when something was violated.
 */
import { randomInt } from 'node:crypto';
import { runKillLoop } from './kill-loop/run.ts';

const [kills = '50', seed = String(randomInt(2 ** 32))] = process.argv.slice(2);
process.stderr.write(`kill loop: ${kills} kills, seed ${seed}\n`);
const report = await runKillLoop({
  kills: Number(kills),
  seed: Number(seed),
  progress: (kill) => process.stderr.write(`\rkilled ${kill} times`),
});
process.stderr.write('\n');
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exitCode = report.violations.length === 0 ? 0 : 1;
