import type { Clock, DurationMs } from '@hallhub/sync/base';
import { minutes, ms, seconds, sleep } from '@hallhub/sync/base';

/** Keeps strangers from guessing codes fast: each address has few guesses, and all together are slowed, never shut out. */
export interface Guesses {
  /** Whether a guess from this address may be looked at, maybe after a pause. */
  admit(source: string): Promise<boolean>;
  /** It was wrong. */
  wrong(source: string): void;
}

/** So many wrong guesses of one address within the window; more are not looked at. */
const MOST_OF_SOURCE = 10;
const WINDOW = minutes(10);
/** So many wrong guesses a minute of all together; beyond that each waits before it is looked at. */
const CEILING = 60;
const CEILING_WINDOW = minutes(1);
const PAUSE = seconds(2);
/** So many wait at once; whoever comes then is to come again. */
const MOST_WAITING = 50;
const MOST_SOURCES = 10_000;

interface Count {
  readonly since: number;
  readonly wrong: number;
}

export function createGuesses(clock: Pick<Clock, 'monotonic' | 'after' | 'now'>): Guesses {
  /** In the order of their first wrong guess. */
  const sources = new Map<string, Count>();
  let everybody: Count = { since: 0, wrong: 0 };
  let waiting = 0;
  const current = (count: Count | undefined, window: DurationMs): Count => {
    const now = clock.monotonic();
    return count && now - count.since < window ? count : { since: now, wrong: 0 };
  };
  const spent = (source: string): boolean => current(sources.get(source), WINDOW).wrong >= MOST_OF_SOURCE;

  return {
    admit: async (source) => {
      if (spent(source)) return false;
      if (current(everybody, CEILING_WINDOW).wrong < CEILING) return true;
      if (waiting >= MOST_WAITING) return false;
      waiting += 1;
      await sleep(clock, ms(PAUSE));
      waiting -= 1;
      return !spent(source);
    },
    wrong: (source) => {
      const before = current(everybody, CEILING_WINDOW);
      everybody = { ...before, wrong: before.wrong + 1 };
      const mine = current(sources.get(source), WINDOW);
      if (mine.wrong === 0) sources.delete(source);
      sources.set(source, { ...mine, wrong: mine.wrong + 1 });
      for (const oldest of sources.keys()) {
        if (sources.size <= MOST_SOURCES) break;
        sources.delete(oldest);
      }
    },
  };
}
