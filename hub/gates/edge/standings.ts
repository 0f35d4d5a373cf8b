import type { Cancel, Clock } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, onRollback } from '@hallhub/sync/sqlite';
import type { CampusClock } from '../calendar.ts';
import type { Standing } from '../rules.ts';
import type { ScheduledWindow } from '../standing.ts';
import { standingOf } from '../standing.ts';
import type { PresenceStore, StandingRow } from '../store/presence.ts';

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
  const orders = new Map(presence.standings().map((row) => [row.scope, row]));
  const listeners = new Set<() => void>();
  /** Barriers are told after the commit of what is ordered. */
  const changed = (): void => {
    afterCommit(db, () => {
      for (const listener of listeners) listener();
    });
  };
  return {
    of: (gate: ScheduledGate): Standing => {
      const given = new Map([...orders].map(([scope, { standing }]) => [scope, standing]));
      return standingOf(gate, given, campusClock, clock.now());
    },
    orders: (): readonly StandingRow[] => [...orders.values()],
    /**
     * `scope`: `area:<id>` or `gate:<id>`. Durable when it returns. Nothing takes the place of a fire: it ends by
     * {@link relax}, and the row that stands is returned.
     */
    order: (scope: string, standing: StandingRow['standing'], by: string): StandingRow => {
      const known = orders.get(scope);
      if (known?.standing === standing && known.by === by) return known;
      if (known?.standing === 'fire' && standing !== 'fire') return known;
      const row = { scope, standing, since: clock.now(), by };
      presence.stand(scope, standing, row.since, by);
      orders.set(scope, row);
      onRollback(db, () => {
        if (known) orders.set(scope, known);
        else orders.delete(scope);
      });
      changed();
      return row;
    },
    /** Back to the schedule. Returns whether anything was ordered. */
    relax: (scope: string): boolean => {
      const known = orders.get(scope);
      const relaxed = presence.relax(scope, clock.now());
      orders.delete(scope);
      onRollback(db, () => {
        if (known) orders.set(scope, known);
      });
      if (relaxed) changed();
      return relaxed;
    },
    onChange: (listener: () => void): Cancel => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
