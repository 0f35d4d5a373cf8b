import type { DurationMs, EpochMs, MonoMs } from './time.ts';

/** Stops a timer or undoes a subscription; calling it twice does nothing. */
export type Cancel = () => void;

/**
 * The one source of time. A process has exactly one, made in its composition root and handed down; nothing else may call
 * `Date.now()` or `setTimeout()`, so that a test holds time in its hand and never sleeps.
 */
export interface Clock {
  /** Wall time. May jump: use it for what is stored, compared with validity, or shown. */
  now(): EpochMs;
  /** Never jumps back: use it for durations and timeouts. */
  monotonic(): MonoMs;
  /** Runs `action` once after `delay`, however long, and never before. */
  after(delay: DurationMs, action: () => void): Cancel;
  /** Where its time began, for another thread that is to read the same. Absent where time is moved by hand. */
  readonly origin?: ClockOrigin;
}

/** Enough to read the same time in another thread of this process. */
export interface ClockOrigin {
  /** Wall time at the start. */
  readonly wall: number;
  /** Milliseconds of `process.hrtime()`, which all threads share and no step of the wall clock moves. */
  readonly mono: number;
  readonly speed: number;
  /** One Float64: by how many milliseconds the wall time is steered, for every thread that reads it. */
  readonly steering?: SharedArrayBuffer;
}

/** A clock that can be set right without setting the machine's. */
export interface SteerableClock extends Clock {
  /** Moves wall time, in every thread that shares its origin, by so many milliseconds. */
  steer(by: number): void;
  /** By how much it was moved altogether, in milliseconds. */
  readonly steered: number;
}

/** Where a process runs. Only `demo` and `test` may bend time. */
export type RunMode = 'production' | 'demo' | 'test';

export interface SystemClockOptions {
  readonly mode: RunMode;
  /** How many times faster than real time the clock runs; 1 by default. */
  readonly speed?: number;
  /** Goes on from where the clock of another thread of this process began, with its speed. */
  readonly origin?: ClockOrigin;
}

/** What the platform's timers can hold (2^31 - 1 ms, nearly 25 days); they fire at once for more. */
const longestTimer = 2_147_483_647;

/**
 * The process-wide clock.
 * @throws {RangeError} when `speed` is not a positive number, or differs from 1 outside demo and test.
 */
export function systemClock({ mode, origin: shared, speed = shared?.speed ?? 1 }: SystemClockOptions): Clock {
  if (!(speed > 0) || !Number.isFinite(speed))
    throw new RangeError(`clock speed must be a positive number, not ${speed}`);
  if (speed !== 1 && mode === 'production' && !shared) {
    throw new RangeError('the clock cannot be sped up in production: passes would expire early and late at once');
  }
  const threadStart = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  const origin: ClockOrigin = shared ?? { wall: Date.now(), mono: threadStart + performance.now(), speed };
  const wallStart = origin.wall;
  const monoStart = origin.mono - threadStart;
  const elapsed = (): number => performance.now() - monoStart;
  const steering = origin.steering && new Float64Array(origin.steering);
  const steered = (): number => steering?.[0] ?? 0;
  return {
    origin,
    now: () => ((speed === 1 ? Date.now() : wallStart + Math.floor(elapsed() * speed)) + steered()) as EpochMs,
    monotonic: () => (elapsed() * speed) as MonoMs,
    after: (delay, action) => {
      const due = elapsed() + Math.max(0, delay) / speed;
      const wait = (left: number): NodeJS.Timeout => setTimeout(arrive, Math.min(longestTimer, Math.ceil(left)));
      // The timer of the platform comes up to a millisecond early, which is much on a fast clock.
      const arrive = (): void => {
        const left = due - elapsed();
        if (left > 0) timer = wait(left);
        else action();
      };
      let timer = wait(due - elapsed());
      return () => {
        clearTimeout(timer);
      };
    },
  };
}

/** The clock of a machine that may have lost its time: {@link systemClock}, and it can be steered. */
export function steerableClock(options: Omit<SystemClockOptions, 'origin'>): SteerableClock {
  const { origin, ...clock } = systemClock(options);
  const steering = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT);
  const by = new Float64Array(steering);
  return {
    ...clock,
    now: () => (clock.now() + (by[0] ?? 0)) as EpochMs,
    ...(origin && { origin: { ...origin, steering } }),
    steer: (more) => {
      by[0] = (by[0] ?? 0) + Math.round(more);
    },
    get steered() {
      return by[0] ?? 0;
    },
  };
}

/** Resolves after `delay`, or at once when `signal` aborts; never rejects. */
export function sleep(clock: Clock, delay: DurationMs, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delay, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
