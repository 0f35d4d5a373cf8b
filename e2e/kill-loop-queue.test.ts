import { expect, test } from 'vitest';
import { runQueueKills } from './kill-loop/queue.ts';

// A sample; `npm run soak` runs it in full.
test('a hall goes on through kills of its hub: one order one number, one ticket one counter, every board right', async () => {
  const { counts, violations } = await runQueueKills({ kills: 4, seed: 20_261_122 });
  expect(violations).toEqual([]);
  // And there was something to lose: answers that never came, and everybody was served in the end.
  expect(counts['repeatedOrders']).toBeGreaterThan(0);
  expect(counts['finished']).toBeGreaterThan(0);
  expect(counts['stillOpen']).toBe(0);
});
