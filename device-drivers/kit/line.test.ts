import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Failure, type ManualClock, type Result, failure, manualClock, ms, ok, seconds } from '@hallhub/sync/base';
import { type Line, createLine, reconnectDelay } from './line.ts';
import type { Transport } from './transport.ts';

/** A transport whose every opening is decided by the test. */
function scripted(): {
  readonly transport: Transport;
  readonly openings: number[];
  readonly closings: ('drop' | undefined)[];
  next: Result<void>;
  breakDown(): void;
} {
  let down: (reason: Failure) => void = () => undefined;
  const script = {
    openings: [] as number[],
    closings: [] as ('drop' | undefined)[],
    next: ok() as Result<void>,
    breakDown: () => {
      down({ code: 'E-DEV-0103' });
    },
    transport: {
      name: 'scripted',
      open: () => {
        script.openings.push(0);
        return Promise.resolve(script.next);
      },
      write: () => Promise.resolve(ok()),
      close: (how?: 'drop') => {
        script.closings.push(how);
        return Promise.resolve();
      },
      onData: () => () => undefined,
      onDown: (listener: (reason: Failure) => void) => {
        down = listener;
        return () => undefined;
      },
    },
  };
  return script;
}

function start(script: ReturnType<typeof scripted>): {
  clock: ManualClock;
  line: Line;
  events: string[];
  times: number[];
} {
  const clock = manualClock();
  const events: string[] = [];
  const times: number[] = [];
  const line = createLine({
    transport: {
      ...script.transport,
      open: () => {
        times.push(clock.monotonic());
        return script.transport.open();
      },
    },
    clock,
    // No jitter: every delay is its half.
    random: (size) => new Uint8Array(size),
    reconnect: { first: ms(200), longest: seconds(8) },
    onUp: () => events.push('up'),
    onDown: ({ code }) => events.push(`down ${code}`),
    onData: () => undefined,
  });
  line.start();
  return { clock, line, events, times };
}

describe('line', () => {
  it('is tried for ever, less and less often, but never less often than the longest delay', async () => {
    const script = scripted();
    script.next = failure('E-DEV-0101');
    const { clock, line, events, times } = start(script);
    await clock.advanceAsync(seconds(600));
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps.slice(0, 7)).toEqual([100, 200, 400, 800, 1_600, 3_200, 4_000]);
    expect(new Set(gaps.slice(7))).toEqual(new Set([4_000]));
    expect(gaps.length).toBeGreaterThan(140);
    script.next = ok();
    await clock.advanceAsync(seconds(10));
    expect(events.at(-1)).toBe('up');
    await line.stop();
    expect(clock.pending).toBe(0);
  });

  it('does not hammer a line that opens and breaks at once, and forgets that after a stable time', async () => {
    const script = scripted();
    const { clock, line, times } = start(script);
    for (let round = 0; round < 6; round += 1) {
      await clock.advanceAsync(ms(1));
      script.breakDown();
      const before = times.length;
      while (times.length === before) await clock.advanceAsync(ms(10));
    }
    const lastGap = (times.at(-1) ?? 0) - (times.at(-2) ?? 0);
    expect(lastGap).toBeGreaterThan(3_000);
    await clock.advanceAsync(seconds(11));
    script.breakDown();
    const broken = clock.monotonic();
    await clock.advanceAsync(seconds(1));
    expect((times.at(-1) ?? 0) - broken).toBe(100);
    await line.stop();
  });

  it('drops what was not sent when it is cycled, and opens again', async () => {
    const script = scripted();
    const { clock, line, events } = start(script);
    await clock.advanceAsync(ms(1));
    line.cycle({ code: 'E-DEV-0202' });
    expect(line.isUp).toBe(false);
    await clock.advanceAsync(seconds(1));
    expect(script.closings).toEqual(['drop']);
    expect(events).toEqual(['up', 'down E-DEV-0202', 'up']);
    await line.stop();
  });

  it('stays closed when it was stopped while it opened', async () => {
    const script = scripted();
    const { clock, line, events } = start(script);
    await line.stop();
    await clock.advanceAsync(seconds(60));
    expect(events).toEqual([]);
    expect(line.isUp).toBe(false);
    expect(clock.pending).toBe(0);
    expect(await line.write(Uint8Array.of(1))).toMatchObject({ ok: false, error: { code: 'E-DEV-0102' } });
    line.start();
    await clock.advanceAsync(ms(1));
    expect(events).toEqual(['up']);
    await line.stop();
  });

  it('waits between half of the full delay and all of it', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, jitter) => {
        const delay = reconnectDelay({ first: ms(250), longest: seconds(30) }, attempt, jitter);
        const full = Math.min(30_000, 250 * 2 ** Math.min(attempt, 30));
        expect(delay).toBeGreaterThanOrEqual(full / 2);
        expect(delay).toBeLessThanOrEqual(full);
      }),
    );
  });
});
