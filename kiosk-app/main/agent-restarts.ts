import type { DurationMs } from '@hallhub/sync/base';
import { minutes, ms, seconds } from '@hallhub/sync/base';

/** The exit codes of `hallhub agent`. */
const AGAIN = 75;
const WITHDRAWN = 77;
const CANNOT_START = 78;

const LONGEST: DurationMs = minutes(1);
/** Whoever ran so long had got over what ended the one before. */
export const STEADY: DurationMs = minutes(5);

/**
 * How long to wait before the agent is started again. `failures`: how often in a row it ended by a fault before, not counting
 * this time.
 */
export function waitBeforeRestart(exitCode: number, failures: number): DurationMs {
  if (exitCode === AGAIN) return ms(0);
  // Something must be mended by a person first: a new enrolment, a configuration, another agent on this machine.
  if (exitCode === WITHDRAWN || exitCode === CANNOT_START) return LONGEST;
  return ms(Math.min(LONGEST, seconds(1) * 2 ** Math.min(failures, 10)));
}
