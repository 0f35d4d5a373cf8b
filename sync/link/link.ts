import type { DurationMs, EpochMs, Failure } from '../base/index.ts';

/**
 * What to do about a failure of the link.
 * - `retry`: wait with back-off and ask again (unreachable, overloaded, 5xx, nonsense instead of an answer)
 * - `authentication`: the token or the signature is wrong; asked again slowly, an operator must act
 * - `fenced`: a hub with a higher epoch has taken over; this end stops for good
 * - `must-refetch`: the cursor (or image token) is too old; load a complete image
 * - `reject`: the other end understood and refused exactly this request; asking again as it is cannot help
 */
export type LinkFailureClass = 'retry' | 'authentication' | 'fenced' | 'must-refetch' | 'reject';

export interface LinkFailure extends Failure {
  readonly class: LinkFailureClass;
  /** The other end asked to be left alone for so long. */
  readonly retryAfter?: DurationMs;
}

/** How a link stands. `offline` is a state that people see, not a fault. */
export type LinkState =
  | { readonly state: 'starting' }
  | { readonly state: 'online'; readonly since: EpochMs }
  | { readonly state: 'offline'; readonly since: EpochMs; readonly failure: LinkFailure; readonly attempts: number }
  | { readonly state: 'fenced'; readonly since: EpochMs }
  | { readonly state: 'stopped' };
