import type { EpochMs } from '@hallhub/sync/base';

/** A bundle on trial, and the devices that were ready before it. */
export interface Trial {
  readonly until: EpochMs;
  readonly readyBefore: readonly string[];
}

/**
 * Whether a trial is over at `now`: `kept` when every device that was ready before is ready again, `back` when the time is
 * up and one is still dark, undefined while it is too early to say.
 */
export function judgeTrial(trial: Trial, ready: ReadonlySet<string>, now: EpochMs): 'kept' | 'back' | undefined {
  if (now < trial.until) return undefined;
  return trial.readyBefore.every((device) => ready.has(device)) ? 'kept' : 'back';
}
