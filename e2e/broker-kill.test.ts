import { expect, test } from 'vitest';
import { runBusKills } from './kill-loop/bus.ts';

// A sample; `npm run soak` runs it in full.
test('what the broker acknowledged before it was killed is there exactly once', async () => {
  const report = await runBusKills({ kills: 4 });
  expect(report).toMatchObject({ lost: [], doubled: [], integrity: 'ok' });
  expect(report.acknowledged).toBeGreaterThan(4 * 50);
});
