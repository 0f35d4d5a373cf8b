import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualClock, ms, seconds, sleep, steerableClock, systemClock } from './index.ts';

describe('system clock', () => {
  it('cannot be sped up where passes are judged by it', () => {
    expect(() => systemClock({ mode: 'production', speed: 60 })).toThrow(/production/);
    expect(() => systemClock({ mode: 'demo', speed: 60 })).not.toThrow();
    expect(() => systemClock({ mode: 'test', speed: 60 })).not.toThrow();
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the speed %d', (speed) => {
    expect(() => systemClock({ mode: 'test', speed })).toThrow(RangeError);
  });

  it('runs faster when it may, and its timers with it', async () => {
    const clock = systemClock({ mode: 'test', speed: 1_000 });
    const before = clock.now();
    await new Promise<void>((resolve) => clock.after(seconds(20), resolve));
    expect(clock.now() - before).toBeGreaterThanOrEqual(20_000);
  });

  it('fires no timer before its time, however fast the clock and however far the time', async () => {
    const clock = systemClock({ mode: 'test', speed: 50 });
    const delays = Array.from({ length: 40 }, (_, index) => ms(1 + index * 61));
    let far = false;
    const cancel = clock.after(ms(60 * 86_400_000 * 50), () => (far = true));
    const early = await Promise.all(
      delays.map(async (delay) => {
        const due = clock.now() + delay;
        await sleep(clock, delay);
        return clock.now() < due;
      }),
    );
    cancel();
    expect(early).not.toContain(true);
    expect(far).toBe(false);
  });

  it('is steered for every thread that reads it, and its timers and durations stay as they are', async () => {
    const clock = steerableClock({ mode: 'test' });
    const elsewhere = systemClock({ mode: 'test', ...(clock.origin && { origin: structuredClone(clock.origin) }) });
    const [wall, mono] = [clock.now(), clock.monotonic()];
    const waiting = sleep(clock, ms(20));
    clock.steer(-86_400_000.4);
    clock.steer(3_600_000);
    await waiting;
    expect(clock.steered).toBe(3_600_000 - 86_400_000);
    for (const one of [clock, elsewhere]) expect(Math.abs(one.now() - clock.steered - wall)).toBeLessThan(10_000);
    expect(clock.monotonic() - mono).toBeGreaterThanOrEqual(20);
    expect(clock.monotonic() - mono).toBeLessThan(10_000);
  });

  it('forgets a timer that was cancelled', async () => {
    const clock = systemClock({ mode: 'test', speed: 1_000 });
    let fired = false;
    clock.after(ms(1_000), () => (fired = true))();
    await sleep(clock, ms(5_000));
    expect(fired).toBe(false);
  });
});

describe('manual clock', () => {
  it('runs every timer once, in the order of their time, and none that was cancelled', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ delay: fc.nat(1_000), cancelled: fc.boolean() }), { maxLength: 20 }),
        (timers) => {
          const clock = manualClock();
          const fired: number[] = [];
          timers.forEach(({ delay, cancelled }, index) => {
            const cancel = clock.after(ms(delay), () => fired.push(index));
            if (cancelled) cancel();
          });
          clock.advance(seconds(1));
          const expected = timers
            .flatMap(({ delay, cancelled }, index) => (cancelled ? [] : [{ delay, index }]))
            .sort((a, b) => a.delay - b.delay || a.index - b.index);
          expect(fired).toEqual(expected.map(({ index }) => index));
          expect(clock.pending).toBe(0);
        },
      ),
    );
  });

  it('steps the wall without moving timers or the monotonic clock', () => {
    const clock = manualClock();
    const [wall, mono] = [clock.now(), clock.monotonic()];
    let fired = false;
    clock.after(seconds(10), () => (fired = true));
    clock.stepWall(seconds(3_600));
    expect([clock.now() - wall, clock.monotonic() - mono, fired]).toEqual([3_600_000, 0, false]);
  });

  it('lets a sleeper go when it is told to stop', async () => {
    const clock = manualClock();
    const stop = new AbortController();
    const sleeping = sleep(clock, seconds(60), stop.signal);
    stop.abort();
    await sleeping;
    expect(clock.pending).toBe(0);
  });
});
