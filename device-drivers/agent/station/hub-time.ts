import { type Clock, type DurationMs, type EpochMs, type MonoMs, ms } from '@hallhub/sync/base';

/**
 * The hub's time as this machine knows it: heard once with a round trip, counted on from there by the monotonic clock, which
 * nobody sets. Undefined everywhere: the hub was never heard.
 */
export interface HubTime {
  /** The hub said `at` in a round trip that began at `asked` and has just ended. */
  heard(at: EpochMs, asked: MonoMs): void;
  /** The best guess. */
  now(): EpochMs | undefined;
  /** As late as it may be there: for whatever must rather not happen than happen too late. */
  latest(): EpochMs | undefined;
  /** As early as it may be there. */
  earliest(): EpochMs | undefined;
  /** The hub's time minus this machine's wall clock, as that is set now, in milliseconds. */
  offset(): number | undefined;
}

export function createHubTime(clock: Pick<Clock, 'now' | 'monotonic'>): HubTime {
  let anchor: { readonly at: number; readonly mono: number; readonly error: DurationMs } | undefined;
  /** In whole milliseconds, as every wall clock gives them, rounded away from the guess. */
  const reading = (error: -1 | 0 | 1): EpochMs | undefined => {
    if (!anchor) return undefined;
    const exact = anchor.at + (clock.monotonic() - anchor.mono) + error * anchor.error;
    return (error < 0 ? Math.floor(exact) : error > 0 ? Math.ceil(exact) : Math.round(exact)) as EpochMs;
  };
  return {
    heard: (at, asked) => {
      // Whichever half of the trip was the slow one, the hub's word was said between its ends.
      const error = ms((clock.monotonic() - asked) / 2);
      anchor = { at, mono: asked + error, error };
    },
    now: () => reading(0),
    latest: () => reading(1),
    earliest: () => reading(-1),
    offset: () => {
      const now = reading(0);
      return now === undefined ? undefined : now - clock.now();
    },
  };
}
