import { type Clock, type DurationMs, type SteerableClock, epochMs, minutes, ms } from '@hallhub/sync/base';
import type { DeviceLog } from '../../kit/index.ts';
import type { HubTime } from './hub-time.ts';
import type { StationStore } from './store.ts';

/** What a restart without the hub must know: that time has not gone back, and how old the picture of the hall is by now. */
export interface KnownTimes {
  /** The hub was heard; `picture` is the age of its picture of the hall, undefined while that never was whole. */
  note(picture: number | undefined): void;
  /**
   * How old the picture of the hall is that is known here, the hub's own age included; undefined when it never was whole.
   * At least so old, where the clock lost its time.
   */
  pictureAge(): DurationMs | undefined;
  /** Whether the time here can be believed: it agrees with the hub's, or it has gone on from what it last was. */
  clockTrusted(): boolean;
}

/** A clock that is further from the hub's than this is not believed. */
export const CLOCK_TOLERANCE = minutes(2);
/** A clock that ran on by more while the hub was not heard is not believed: nobody keeps a gate without its hub so long. */
const LONGEST_AWAY = ms(60 * 86_400_000);

/** A clock of a machine's, which a station may steer where it is one that can be. */
export type StationClock = Clock & Partial<Pick<SteerableClock, 'steer' | 'steered'>>;

/**
 * Watches the clock of a machine that may have lost its time in a power cut. A clock that can be steered goes on from the time
 * that was last known, which is too early but never back, until the hub is heard; from then on it shows the hub's time.
 */
export function createKnownTimes(deps: {
  readonly store: Pick<StationStore, 'times' | 'noteTimes'>;
  readonly clock: Pick<StationClock, 'now' | 'steer'>;
  readonly hubTime: Pick<HubTime, 'offset'>;
  /** How old what is replicated here is; infinite while it never was whole. */
  readonly staleness: () => number;
  readonly log: Pick<DeviceLog, 'warn'>;
}): KnownTimes {
  const { store, clock, hubTime, log } = deps;
  /** Since the last time known; outside of what is plausible: the clock was lost. */
  const gone = (): number => {
    const { last } = store.times();
    return last === null ? -1 : clock.now() - last;
  };
  const plausible = (away: number): boolean => away >= 0 && away <= LONGEST_AWAY;
  const { last } = store.times();
  const isLost = !plausible(gone());
  if (isLost && last !== null) {
    log.warn(
      { now: clock.now(), last },
      'the clock of this machine has lost its time; it goes on from what it last showed',
    );
    clock.steer?.(last - clock.now());
  }
  return {
    note: (picture) => {
      const offset = hubTime.offset() ?? 0;
      if (Math.abs(offset) > CLOCK_TOLERANCE) clock.steer?.(offset);
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
      return offset === undefined ? !isLost && plausible(gone()) : Math.abs(offset) <= CLOCK_TOLERANCE;
    },
  };
}
