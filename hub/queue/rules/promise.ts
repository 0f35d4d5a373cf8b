import type { DurationMs } from '@hallhub/sync/base';
import { ms } from '@hallhub/sync/base';

/*
 * What became of the wait that was promised with a number. One rule for statistics and benches, so that both mean the same.
 */

/** From when to when somebody was told to expect the call, counted from when they took the number; in milliseconds. */
export interface Promised {
  readonly from: number;
  readonly to: number;
}

export interface Kept {
  /** How far outside the range the call came, beyond what nobody minds; 0: inside. */
  readonly missedBy: number;
  /** How far the call was from the middle of the range. */
  readonly error: number;
}

/** Two minutes either way are nothing that anybody complains about. */
const MINDED = 120_000;

export const keptOf = ({ from, to }: Promised, wait: number): Kept => ({
  missedBy: Math.max(0, from - wait - MINDED, wait - to - MINDED),
  error: Math.abs(wait - (from + to) / 2),
});

export interface PromiseScore {
  readonly count: number;
  /** Share of the calls that came inside the range, 0 to 1. */
  readonly held: number;
  /** The median distance from the middle of the range. */
  readonly error: DurationMs;
}

/** @param all at least one */
export function scoreOf(all: readonly Kept[]): PromiseScore {
  const errors = all.map(({ error }) => error).sort((a, b) => a - b);
  return {
    count: all.length,
    held: all.filter(({ missedBy }) => missedBy === 0).length / all.length,
    error: ms(Math.round(errors[Math.ceil(all.length / 2) - 1] ?? 0)),
  };
}
