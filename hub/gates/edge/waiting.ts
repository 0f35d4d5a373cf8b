import type { Cancel, Clock, DurationMs, EpochMs } from '@hallhub/sync/base';
import { ms } from '@hallhub/sync/base';

/** Clocks of a reader's and a turnstile's machine may differ by so much. */
const CLOCK_SLACK = ms(2_000);

/** Somebody who sets out at the last moment has walked through so soon after the grant lapsed. */
const GRACE = ms(2_000);
/** A machine may tell so late of whom it saw in time. */
const REMEMBERED = ms(600_000);

export interface Taken<T> {
  readonly id: string;
  /** What comes after the passage. */
  readonly then: T | undefined;
  /** Puts it back: the passage was told in vain. */
  restore(): void;
}

interface Waiting<T> extends Omit<Taken<T>, 'restore'> {
  /** When it was granted. */
  readonly at: EpochMs;
  readonly cancelTimer: Cancel;
}

/** Grants of one gate that nobody has walked through yet, oldest first. */
export function createWaitingRoom<T>(deps: {
  readonly clock: Clock;
  readonly timeout: DurationMs;
  /** Nobody came. `doubtful`: the order may or may not have reached the barrier. */
  readonly onLapsed: (grant: { readonly id: string; readonly then: T | undefined; readonly doubtful: boolean }) => void;
}) {
  const waiting: Waiting<T>[] = [];
  /** Oldest first; `until` is when it lapsed. */
  let lapsed: readonly { readonly id: string; readonly at: EpochMs; readonly until: EpochMs }[] = [];
  const doubtful = new Set<string>();

  const forget = (id: string): Waiting<T> | undefined => {
    const index = waiting.findIndex((grant) => grant.id === id);
    const [grant] = waiting.splice(index, index < 0 ? 0 : 1);
    grant?.cancelTimer();
    return grant;
  };

  const expect = (id: string, at: EpochMs, then: T | undefined): void => {
    const cancelTimer = deps.clock.after(deps.timeout, () => {
      forget(id);
      const now = deps.clock.now();
      lapsed = [...lapsed.filter(({ until }) => now - until < REMEMBERED), { id, at, until: now }];
      deps.onLapsed({ id, then, doubtful: doubtful.delete(id) });
    });
    waiting.push({ id, at, then, cancelTimer });
    waiting.sort((one, other) => one.at - other.at);
  };

  return {
    expect,
    /** The oldest grant that somebody who walked at `at` can have been given; what an agent tells of an hour ago is nobody's who stands here now. */
    take: (at: EpochMs): Taken<T> | undefined => {
      const grant = waiting.find((candidate) => at >= candidate.at - CLOCK_SLACK);
      if (!grant) return undefined;
      const { id, then } = grant;
      const wasDoubtful = doubtful.delete(id);
      forget(id);
      return {
        id,
        then,
        restore: () => {
          expect(id, grant.at, then);
          if (wasDoubtful) doubtful.add(id);
        },
      };
    },
    /**
     * The grant that had lapsed when its passage was told: by the device's clock somebody walked while it held, or within the
     * grace after it. Each is taken once.
     */
    takeLapsed: (at: EpochMs): Pick<Taken<T>, 'id' | 'restore'> | undefined => {
      const mine = lapsed.find((grant) => at >= grant.at - CLOCK_SLACK && at <= grant.until + GRACE);
      if (!mine) return undefined;
      lapsed = lapsed.filter((grant) => grant !== mine);
      return {
        id: mine.id,
        restore: () => {
          lapsed = [mine, ...lapsed];
        },
      };
    },
    /** Whether somebody who walked at `at` was surely let through by a grant that still waits. */
    isOwed: (at: EpochMs): boolean => waiting.some((grant) => at >= grant.at),
    forget: (id: string): void => {
      forget(id);
    },
    doubt: (id: string): void => {
      if (waiting.some((grant) => grant.id === id)) doubtful.add(id);
    },
    size: (): number => waiting.length,
    /** Waits for nobody any more. Returns what would have followed. */
    clear: (): readonly T[] =>
      waiting.splice(0).flatMap(({ cancelTimer, then }) => {
        cancelTimer();
        return then === undefined ? [] : [then];
      }),
  };
}
