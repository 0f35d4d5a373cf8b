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
  /** Runs `action` once after `delay`. */
  after(delay: DurationMs, action: () => void): Cancel;
}

/** Where a process runs. Only `demo` and `test` may bend time. */
export type RunMode = 'production' | 'demo' | 'test';

export interface SystemClockOptions {
  readonly mode: RunMode;
  /** How many times faster than real time the clock runs; 1 by default. */
  readonly speed?: number;
}

/**
 * The process-wide clock.
 * @throws {RangeError} when `speed` is not a positive number, or differs from 1 outside demo and test.
 */
export function systemClock({ mode, speed = 1 }: SystemClockOptions): Clock {
  if (!(speed > 0) || !Number.isFinite(speed))
    throw new RangeError(`clock speed must be a positive number, not ${speed}`);
  if (speed !== 1 && mode === 'production') {
    throw new RangeError('the clock cannot be sped up in production: passes would expire early and late at once');
  }
  const wallStart = Date.now();
  const monoStart = performance.now();
  const elapsed = (): number => performance.now() - monoStart;
  return {
    now: () => (speed === 1 ? Date.now() : wallStart + Math.floor(elapsed() * speed)) as EpochMs,
    monotonic: () => (elapsed() * speed) as MonoMs,
    after: (delay, action) => {
      const timer = setTimeout(action, Math.max(0, delay / speed));
      return () => {
        clearTimeout(timer);
      };
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
