import { type Clock, type DurationMs, epochMs, minutes, ms } from '@hallhub/sync/base';
import type { HubTime } from './hub-time.ts';
import type { StationStore } from './store.ts';

/** What a restart without the hub must know: that time has not gone back, and how old the picture of the hall is by now. */
export interface KnownTimes {
  /** The hub was heard; `picture` is the age of its picture of the hall, undefined while that never was whole. */
  note(picture: number | undefined): void;
  /** How old the picture of the hall is that is known here, the hub's own age included; undefined when it never was whole. */
  pictureAge(): DurationMs | undefined;
  /** Whether this machine's clock can be believed: it agrees with the hub's, or it has gone on from what it last showed. */
  clockTrusted(): boolean;
}

/** A clock that is further from the hub's than this is not believed. */
export const CLOCK_TOLERANCE = minutes(2);
/** A clock that ran on by more while the hub was not heard is not believed: nobody keeps a gate without its hub so long. */
const LONGEST_AWAY = ms(60 * 86_400_000);

export function createKnownTimes(deps: {
  readonly store: Pick<StationStore, 'times' | 'noteTimes'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly hubTime: Pick<HubTime, 'offset'>;
  /** How old what is replicated here is; infinite while it never was whole. */
  readonly staleness: () => number;
}): KnownTimes {
  const { store, clock, hubTime } = deps;
  return {
    note: (picture) => {
      const age = picture === undefined ? Infinity : Math.max(picture, deps.staleness());
      const now = clock.now();
      store.noteTimes(now, Number.isFinite(age) ? epochMs(Math.round(now - age)) : undefined);
    },
    pictureAge: () => {
      const { pictureOf } = store.times();
      return pictureOf === null ? undefined : ms(Math.max(0, clock.now() - pictureOf));
    },
    clockTrusted: () => {
      const offset = hubTime.offset();
      if (offset !== undefined) return Math.abs(offset) <= CLOCK_TOLERANCE;
      const { last } = store.times();
      const gone = last === null ? -1 : clock.now() - last;
      return gone >= 0 && gone <= LONGEST_AWAY;
    },
  };
}
