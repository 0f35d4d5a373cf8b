import { fraction, ms } from '../base/index.ts';
import type { DurationMs, RandomBytes } from '../base/index.ts';

export interface BackoffOptions {
  readonly first: DurationMs;
  readonly max: DurationMs;
}

/**
 * How long to wait after failure number `attempt` (from 1): doubling, capped, the upper half of it random so that hubs
 * which lost the hall together do not come back together. Never shorter than what the other end asked for.
 */
export function backoff(
  { first, max }: BackoffOptions,
  attempt: number,
  random: RandomBytes,
  retryAfter?: DurationMs,
): DurationMs {
  const ceiling = Math.min(max, first * 2 ** Math.min(attempt - 1, 30));
  const jittered = ceiling / 2 + (fraction(random) * ceiling) / 2;
  return ms(Math.round(retryAfter === undefined ? jittered : retryAfter + jittered / 2));
}
