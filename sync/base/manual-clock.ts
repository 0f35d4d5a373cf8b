import type { Clock } from './clock.ts';
import type { DurationMs, EpochMs, MonoMs } from './time.ts';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly action: () => void;
}

/** A clock that stands still until it is told to move: for tests and simulations. */
export interface ManualClock extends Clock {
  /** Moves time forward, running every timer that falls due on the way, in order. */
  advance(duration: DurationMs): void;
  /** Like {@link advance}, but lets promises settle after each timer. */
  advanceAsync(duration: DurationMs): Promise<void>;
  /** Steps the wall clock only, as an operator or NTP would; timers and the monotonic clock do not move. */
  stepWall(by: DurationMs): void;
  /** How many timers wait. */
  readonly pending: number;
}

export function manualClock(start: EpochMs = 1_767_225_600_000 as EpochMs): ManualClock {
  let mono = 0;
  let wallOffset: number = start;
  let order = 0;
  let timers: Timer[] = [];

  const nextDue = (until: number): Timer | undefined => {
    const due = timers.filter((timer) => timer.due <= until);
    return due.sort((a, b) => a.due - b.due || a.order - b.order)[0];
  };
  const fire = (timer: Timer): void => {
    timers = timers.filter((other) => other !== timer);
    mono = Math.max(mono, timer.due);
    timer.action();
  };

  return {
    // Whole milliseconds, as the system's clock gives them; timers may stand between two.
    now: () => Math.floor(wallOffset + mono) as EpochMs,
    monotonic: () => mono as MonoMs,
    after: (delay, action) => {
      const timer: Timer = { due: mono + Math.max(0, delay), order: order++, action };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance: (duration) => {
      const until = mono + duration;
      for (let timer = nextDue(until); timer; timer = nextDue(until)) fire(timer);
      mono = until;
    },
    advanceAsync: async (duration) => {
      const until = mono + duration;
      await settle();
      for (let timer = nextDue(until); timer; timer = nextDue(until)) {
        fire(timer);
        await settle();
      }
      mono = until;
    },
    stepWall: (by) => {
      wallOffset += by;
    },
    get pending() {
      return timers.length;
    },
  };
}

/** One turn of the event loop, so that every promise that can settle has settled. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
