import { manualClock, ms } from '@hallhub/sync/base';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRecentIds } from './recent-ids.ts';

it('recognises every repeat within the window, and none that is not one', () => {
  const step = fc.record({ id: fc.integer({ min: 0, max: 5 }), later: fc.integer({ min: 0, max: 40 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = manualClock();
      const ids = createRecentIds({ clock, window: ms(100), most: 1_000 });
      const added = new Map<number, number>();
      for (const { id, later } of steps) {
        clock.advance(ms(later));
        const before = added.get(id);
        const isNew = before === undefined || clock.monotonic() - before > 100;
        expect(ids.add(String(id))).toBe(isNew);
        if (isNew) added.set(id, clock.monotonic());
      }
    }),
  );
});

it('remembers no more than it may', () => {
  const ids = createRecentIds({ clock: manualClock(), window: ms(100), most: 2 });
  expect(['a', 'b', 'c', 'd', 'd', 'a'].map((id) => ids.add(id))).toEqual([true, true, true, true, false, true]);
});
