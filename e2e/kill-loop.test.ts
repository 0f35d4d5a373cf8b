import { expect, test } from 'vitest';
import { runKillLoop } from './kill-loop/run.ts';

// A sample; `npm run soak` runs it in full.
test('a hub that is killed again and again loses nothing and does nothing twice', async () => {
  const { counts, violations } = await runKillLoop({ kills: 6, seed: 20_260_302 });
  expect(violations).toEqual([]);
  // And there was something to lose.
  expect(counts['passed']).toBeGreaterThan(0);
  expect(counts['printed']).toBeGreaterThan(0);
  expect(counts['swipesAfterRevocation']).toBeGreaterThan(0);
});
