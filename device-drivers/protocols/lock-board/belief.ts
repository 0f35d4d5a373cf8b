import type { EpochMs } from '@hallhub/sync/base';

/** What is believed of a contact. Boards have weak checks or none: one reading alone says nothing. */
export interface Belief {
  /** Absent: not known. */
  readonly value?: boolean;
  /** What was read otherwise, so many times in a row, for the first time at `since`. */
  readonly doubt?: { readonly value: boolean; readonly times: number; readonly since: EpochMs };
}

export interface Sight {
  readonly belief: Belief;
  /** The belief changed with this reading: since when. */
  readonly changed?: EpochMs;
}

/** Takes a reading, which is believed once it was the same for `readings` times in a row. `undefined`: the board said nothing. */
export function believe(
  before: Belief,
  seen: boolean | undefined,
  { at, readings }: { readonly at: EpochMs; readonly readings: number },
): Sight {
  if (seen === undefined) return { belief: {} };
  const { value, doubt } = before;
  if (value === seen) return { belief: { value } };
  const again = doubt?.value === seen ? doubt : { value: seen, times: 0, since: at };
  const next = { ...again, times: again.times + 1 };
  if (next.times >= readings) return { belief: { value: seen }, changed: next.since };
  return { belief: value === undefined ? { doubt: next } : { value, doubt: next } };
}
