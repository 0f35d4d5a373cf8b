import type { Clock, DurationMs, EpochMs, MonoMs } from '../base/index.ts';
import { ms } from '../base/index.ts';

/**
 * How old the source's last word is. The monotonic clock counts, so that setting the wall clock can neither make a stale
 * copy look fresh nor shut a gate; only across a restart is the stored wall time all there is.
 */
export interface Freshness {
  /** The source said that nothing stood behind its answer. */
  confirmed(sourceTime: EpochMs): void;
  /** Any answer: keeps the offset of the source's clock. */
  heard(sourceTime: EpochMs): void;
  age(): DurationMs;
  offset(): DurationMs;
}

export function createFreshness(clock: Clock, storedAt: EpochMs | null): Freshness {
  let confirmedAt: MonoMs | undefined;
  let offset = ms(0);
  const sinceStored = storedAt === null ? Infinity : clock.now() - storedAt;
  const startedAt = clock.monotonic();
  const heard = (sourceTime: EpochMs): void => {
    offset = ms(sourceTime - clock.now());
  };
  return {
    heard,
    confirmed: (sourceTime) => {
      heard(sourceTime);
      confirmedAt = clock.monotonic();
    },
    age: () => {
      if (confirmedAt !== undefined) return ms(clock.monotonic() - confirmedAt);
      return ms(sinceStored < 0 ? Infinity : sinceStored + (clock.monotonic() - startedAt));
    },
    offset: () => offset,
  };
}
