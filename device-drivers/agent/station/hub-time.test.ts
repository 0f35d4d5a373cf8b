import { type EpochMs, type MonoMs, manualClock, ms } from '@hallhub/sync/base';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createHubTime } from './hub-time.ts';

it('contains the hub’s true time, whichever way was the slow one and however this machine’s clock is set', () => {
  const span = fc.integer({ min: 0, max: 60_000 });
  fc.assert(
    fc.property(
      fc.integer({ min: -1e9, max: 1e9 }),
      span,
      span,
      fc.array(fc.integer({ min: -1e9, max: 1e9 })),
      (off, there, back, steps) => {
        const clock = manualClock();
        const hub = (): number => Math.floor(clock.monotonic()) + 1_700_000_000_000 + off;
        const time = createHubTime(clock);
        expect(time.now()).toBeUndefined();
        const asked: MonoMs = clock.monotonic();
        clock.advance(ms(there));
        const said = hub() as EpochMs;
        clock.advance(ms(back));
        time.heard(said, asked);
        for (const step of steps) {
          clock.stepWall(ms(step));
          // A fraction that sums exactly: time is not judged here by the last bit of a double.
          clock.advance(ms(1_000.3125));
          expect(Number.isInteger(time.latest())).toBe(true);
          expect(time.earliest()).toBeLessThanOrEqual(hub());
          expect(time.latest()).toBeGreaterThanOrEqual(hub());
          expect(clock.now() + (time.offset() ?? Number.NaN)).toBe(time.now());
        }
      },
    ),
  );
});
