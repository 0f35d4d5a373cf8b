import { join } from 'node:path';
import { startChild } from './kit/children.ts';
import { withFolder } from './kit/folder.ts';
import { MiB, median, remark, report } from './kit/measure.ts';

/*
 * The first sync of a hub: 100,000 requests (half visits, half certificates) in signed pages of 1,000, until every request,
 * pass and certificate is on the disk. Each run is a process and a file of its own; the sides take turns.
 */
const COUNT = 100_000;
const FEWER = 25_000;
const ROUNDS = 2;
type Mode = 'replica' | 'bare' | 'bare-records';

interface Run {
  readonly rate: number;
  /** Of one core: what noise from other work does not change. */
  readonly cpuRate: number;
  readonly peakBytes: number;
  readonly preparedBytes: number;
}

async function sync(mode: Mode, count: number, ...more: readonly string[]): Promise<Run> {
  return withFolder(async (folder) => {
    const child = startChild(join(import.meta.dirname, 'kit/first-sync-main.ts'), [
      ...['--folder', folder, '--mode', mode, '--count', String(count)],
      ...more,
    ]);
    const { seconds, cpuSeconds, peakBytes, preparedBytes } = await child.next();
    await child.end();
    const times = `${Number(seconds).toFixed(2)} s (${Number(cpuSeconds).toFixed(2)} s of CPU)`;
    remark(`${mode} ${more.join(' ')} ${count}: ${times}, peak ${Math.round(Number(peakBytes) / MiB)} MiB`);
    return {
      rate: count / Number(seconds),
      cpuRate: count / Number(cpuSeconds),
      peakBytes: Number(peakBytes),
      preparedBytes: Number(preparedBytes),
    };
  });
}

const runs: Record<string, Run[]> = {};
const note = async (name: string, mode: Mode, count: number, ...more: readonly string[]): Promise<void> => {
  (runs[name] ??= []).push(await sync(mode, count, ...more));
};
for (let round = 0; round < ROUNDS; round += 1) {
  await note('replica', 'replica', COUNT);
  await note('bare', 'bare', COUNT);
  await note('replica-fewer', 'replica', FEWER);
  await note('bare-records', 'bare-records', FEWER);
  await note('replica-plain', 'replica', FEWER, '--no-crypto');
  await note('bare-plain', 'bare', FEWER, '--no-crypto');
}
const rateOf = (name: string): number => median((runs[name] ?? []).map(({ rate }) => rate));
const cpuRateOf = (name: string): number => median((runs[name] ?? []).map(({ cpuRate }) => cpuRate));
const peakOf = (name: string): number => Math.max(...(runs[name] ?? []).map(({ peakBytes }) => peakBytes)) / MiB;

report({
  name: 'first-sync/rate',
  value: rateOf('replica'),
  unit: 'requests/s',
  baseline: 'bare loop: same pages verified, hashed, sealed, inserted',
  baselineValue: rateOf('bare'),
  aim: 'ratio >= 0.6',
  runs: ROUNDS,
  cpuRatio: cpuRateOf('replica') / cpuRateOf('bare'),
});
report({
  name: 'first-sync/rate-same-rows',
  value: rateOf('replica-fewer'),
  unit: 'requests/s',
  baseline: 'bare loop that also writes the rows by which the replica knows what it holds',
  baselineValue: rateOf('bare-records'),
  cpuRatio: cpuRateOf('replica-fewer') / cpuRateOf('bare-records'),
});
report({
  name: 'first-sync/rate-without-crypto',
  value: rateOf('replica-plain'),
  unit: 'requests/s',
  baseline: 'bare loop, nothing verified, hashed or sealed',
  baselineValue: rateOf('bare-plain'),
  cpuRatio: cpuRateOf('replica-plain') / cpuRateOf('bare-plain'),
});
report({
  name: 'first-sync/peak-memory',
  value: peakOf('replica'),
  unit: 'MiB',
  baseline: 'bare loop; either process also holds the pages to come',
  baselineValue: peakOf('bare'),
  heldBeforehand: median((runs['replica'] ?? []).map(({ preparedBytes }) => preparedBytes)) / MiB,
});
