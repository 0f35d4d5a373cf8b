import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type MonoMs, ms } from '@hallhub/sync/base';
import { type Presentation, present } from './presentation.ts';

it('tells a card once for as long as it lies there, and again when it comes back', () => {
  const window = ms(1_000);
  const steps = fc.array(fc.tuple(fc.constantFrom('A', 'B'), fc.integer({ min: 0, max: 3_000 })), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (given) => {
      let state: Presentation | undefined;
      let now = 0;
      let last: readonly [string, number] | undefined;
      for (const [key, pause] of given) {
        now += pause;
        const next = present(state, key, now as MonoMs, window);
        const expected = last?.[0] !== key || now - last[1] >= window;
        expect(next.isNew).toBe(expected);
        state = next.state;
        last = [key, now];
      }
    }),
  );
});
