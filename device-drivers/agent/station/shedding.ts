import { type Clock, type EpochMs, iso } from '@hallhub/sync/base';
import type { EventData, EventType } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import { type Db, isOwnTrouble, transact } from '@hallhub/sync/sqlite';
import { eventsShed } from './contract.ts';

/**
 * What is given up first when there is no room: lines of the log, then health, then who was refused, then what devices
 * reported. Entries that somebody was let in for go last, when twice as much waits as should: they are counted.
 */
export type Sheddable = 'logs' | 'health' | 'refusals' | 'reports' | 'entries';

/** How many of each were not kept, and from when on. */
export interface Shed {
  readonly since: EpochMs;
  readonly counts: Readonly<Record<Sheddable, number>>;
}

/** Keeps over a restart what was shed and not told yet. */
export interface ShedStore {
  shed(): Shed | undefined;
  noteShed(shed: Shed | undefined): void;
}

export interface SheddingOutbox {
  /** Appends, or sheds and counts. A full disk sheds, too. */
  append<E extends EventType>(
    what: Sheddable,
    event: { readonly type: E; readonly subject: string; readonly data: EventData<E> },
  ): void;
  /** Says up what was shed, once there is room again. */
  confess(): void;
}

/** How full the outbox may be before this is no longer kept. */
const ROOM: Readonly<Record<Sheddable, number>> = {
  logs: 0.8,
  health: 0.85,
  refusals: 0.9,
  reports: 0.95,
  entries: 2,
};
const NOTHING_SHED: Readonly<Record<Sheddable, number>> = { logs: 0, health: 0, refusals: 0, reports: 0, entries: 0 };
/** As full as it may be for the confession to have room. */
const ROOM_TO_CONFESS = 0.7;
/** Counting what waits reads a table; it is done once for so many events. */
const COUNT_EVERY = 200;

/**
 * An outbox with an end: beyond `most` waiting events the least important are not kept, and how many were not is told.
 * Receipts of commands go into the outbox directly and are never shed.
 */
export function createSheddingOutbox(deps: {
  readonly db: Db;
  readonly store: ShedStore;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly agent: string;
  /** 100,000 by default: weeks of a gate, and some 100 MB. */
  readonly most?: number;
}): SheddingOutbox {
  const { db, store, outbox, clock, agent, most = 100_000 } = deps;
  let shed = store.shed();
  let waiting = outbox.status().pending;
  let uncounted = 0;

  const fill = (): number => {
    if (uncounted >= COUNT_EVERY) {
      waiting = outbox.status().pending;
      uncounted = 0;
    }
    return (waiting + uncounted) / most;
  };
  const drop = (what: Sheddable): void => {
    const { since, counts } = shed ?? { since: clock.now(), counts: NOTHING_SHED };
    shed = { since, counts: { ...counts, [what]: counts[what] + 1 } };
    try {
      store.noteShed(shed);
    } catch (error) {
      // A disk that is full takes this no more than the event; it is counted here until it does.
      if (!isOwnTrouble(error)) throw error;
    }
  };

  return {
    append: (what, event) => {
      if (fill() >= ROOM[what]) {
        drop(what);
        return;
      }
      try {
        outbox.append(event);
        uncounted += 1;
      } catch (error) {
        if (!isOwnTrouble(error)) throw error;
        drop(what);
      }
    },
    confess: () => {
      waiting = outbox.status().pending;
      uncounted = 0;
      if (shed === undefined || fill() > ROOM_TO_CONFESS) return;
      const { since, counts } = shed;
      try {
        transact(db, () => {
          outbox.append({
            type: eventsShed,
            subject: agent,
            data: { at: iso(clock.now()), since: iso(since), ...counts },
          });
          store.noteShed(undefined);
        });
        shed = undefined;
      } catch (error) {
        if (!isOwnTrouble(error)) throw error;
      }
    },
  };
}
