import type { Clock, DurationMs } from '@hallhub/sync/base';

/** Ids that were seen a moment ago. */
export interface RecentIds {
  /** Remembers the id; false when it was seen within the window. */
  add(id: string): boolean;
}

/** @param deps.window - a repeat is recognised for at least so long, by the monotonic clock, unless more than `most` came since. */
export function createRecentIds(deps: {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly window: DurationMs;
  readonly most: number;
}): RecentIds {
  /** In the order of their coming. */
  const seen = new Map<string, number>();
  return {
    add: (id) => {
      const now = deps.clock.monotonic();
      for (const [old, at] of seen) {
        if (seen.size <= deps.most && now - at <= deps.window) break;
        seen.delete(old);
      }
      if (seen.has(id)) return false;
      seen.set(id, now);
      return true;
    },
  };
}
