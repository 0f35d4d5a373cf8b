import type { DurationMs, EpochMs, MonoMs } from '@hallhub/sync/base';

/** One input, as it was sampled. */
export interface InputState {
  readonly active: boolean;
  /** A change that has not lasted long enough to be believed. */
  readonly changing?: { readonly since: MonoMs; readonly seenAt: EpochMs };
}

export interface InputSample {
  readonly active: boolean;
  readonly mono: MonoMs;
  readonly at: EpochMs;
}

/** The first sample after a silence is where things stand, not something that happened. */
export function baseline(sample: InputSample): InputState {
  return { active: sample.active };
}

/**
 * Takes a sample. `changed` is the moment at which the input was first seen in its new state, once it has stayed so for
 * `debounce`; the new state is then `state.active`.
 */
export function sampleInput(
  state: InputState,
  sample: InputSample,
  debounce: DurationMs,
): { readonly state: InputState; readonly changed?: EpochMs } {
  if (sample.active === state.active) return { state: { active: state.active } };
  const changing = state.changing ?? { since: sample.mono, seenAt: sample.at };
  if (sample.mono - changing.since < debounce) return { state: { active: state.active, changing } };
  return { state: { active: sample.active }, changed: changing.seenAt };
}
