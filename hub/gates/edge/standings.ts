import type { Cancel, Clock } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, onRollback } from '@hallhub/sync/sqlite';
import type { CampusClock } from '../../calendar/index.ts';
import type { Standing } from '../rules.ts';
import type { ScheduledWindow } from '../standing.ts';
import { standingOf } from '../standing.ts';
import type { PresenceStore, StandingLayer, StandingRow } from '../store/presence.ts';
import { layerOf } from '../store/presence.ts';

export interface ScheduledGate {
  readonly id: string;
  readonly area: string;
  readonly schedule: readonly ScheduledWindow[];
}

export type Standings = ReturnType<typeof createStandings>;

/** How gates stand: their schedule, and over it what was ordered for them or their area. Orders survive a restart. */
export function createStandings({
  db,
  presence,
  clock,
  campusClock,
}: {
  readonly db: Db;
  readonly presence: Pick<PresenceStore, 'stand' | 'relax' | 'standings'>;
  readonly clock: Clock;
  readonly campusClock: CampusClock;
}) {
  const keyOf = (scope: string, layer: StandingLayer): string => `${scope} ${layer}`;
  const orders = new Map(presence.standings().map((row) => [keyOf(row.scope, layerOf(row.standing)), row]));
  const listeners = new Set<() => void>();
  /** Barriers are told after the commit of what is ordered. */
  const changed = (): void => {
    afterCommit(db, () => {
      for (const listener of listeners) listener();
    });
  };
  const restoreOnRollback = (key: string, known: StandingRow | undefined): void => {
    onRollback(db, () => {
      if (known) orders.set(key, known);
      else orders.delete(key);
    });
  };
  return {
    of: (gate: ScheduledGate): Standing => standingOf(gate, [...orders.values()], campusClock, clock.now()),
    /** By scope; a fire before what it stands over. */
    orders: (): readonly StandingRow[] =>
      [...orders].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row),
    /**
     * `scope`: `area:<id>` or `gate:<id>`. Durable when it returns. A fire stands over whatever else is ordered, and does not take
     * its place.
     */
    order: (scope: string, standing: StandingRow['standing'], by: string): StandingRow => {
      const key = keyOf(scope, layerOf(standing));
      const known = orders.get(key);
      if (known?.standing === standing && known.by === by) return known;
      const row = { scope, standing, since: clock.now(), by };
      presence.stand(scope, standing, row.since, by);
      orders.set(key, row);
      restoreOnRollback(key, known);
      changed();
      return row;
    },
    /** Takes back one layer, by default the upper one: under a fire, what stood before it holds again. Returns what was taken back. */
    relax: (
      scope: string,
      layer: StandingLayer = orders.has(keyOf(scope, 'fire')) ? 'fire' : 'order',
    ): StandingRow | undefined => {
      const key = keyOf(scope, layer);
      const known = orders.get(key);
      if (!known) return undefined;
      presence.relax(scope, layer, clock.now());
      orders.delete(key);
      restoreOnRollback(key, known);
      changed();
      return known;
    },
    onChange: (listener: () => void): Cancel => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
