import type { Clock, EpochMs } from '@hallhub/sync/base';
import { minutes } from '@hallhub/sync/base';

/** What an agent's clocks show: the wall clock, and the monotonic one of this run of its process. */
export interface ClockReading {
  readonly at: number;
  readonly mono: number;
  /** Which run: after a restart the monotonic clock begins anew. */
  readonly run: string;
}

/** One agent's clocks against the hub's. */
export interface AgentClock {
  /** The agent's clocks showed this when it spoke; it was heard now. */
  heard(reading: ClockReading): void;
  /**
   * The hub's time of an instant in the agent's past: by its monotonic clock in the run that was last heard, whatever its wall
   * clock was set to; by the distance of its wall clock in an earlier run. Never later than now.
   */
  toHub(reading: ClockReading): EpochMs;
  /** Its wall clock minus the hub's, in milliseconds, when it was last heard; undefined: never. */
  readonly offset: number | undefined;
}

/** Clocks drift apart by some seconds a day: an anchor is only as good as it is fresh. */
const ANCHOR_LIVES = minutes(10);

export function createAgentClock(clock: Pick<Clock, 'now' | 'monotonic'>): AgentClock {
  let offset: number | undefined;
  let anchor: { readonly run: string; readonly behind: number; readonly heardAt: number } | undefined;
  return {
    heard: ({ at, mono, run }) => {
      offset = at - clock.now();
      const heardAt = clock.monotonic();
      // The hub's monotonic clock minus the agent's, and the time that the message took: the smaller, the truer.
      const behind = heardAt - mono;
      const isTruer = anchor?.run !== run || behind < anchor.behind || heardAt - anchor.heardAt > ANCHOR_LIVES;
      if (isTruer) anchor = { run, behind, heardAt };
    },
    toHub: ({ at, mono, run }) => {
      const now = clock.now();
      const then = anchor?.run === run ? now - (clock.monotonic() - (mono + anchor.behind)) : at - (offset ?? 0);
      // Whole milliseconds, as every wall clock gives them.
      return Math.min(now, Math.round(then)) as EpochMs;
    },
    get offset() {
      return offset;
    },
  };
}
