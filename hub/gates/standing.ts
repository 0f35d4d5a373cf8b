import type { EpochMs } from '@hallhub/sync/base';
import type { CampusClock } from '../calendar/index.ts';
import type { Window } from './pass.ts';
import type { Standing } from './rules.ts';
import { withinWindows } from './rules.ts';
import type { StandingRow } from './store/presence.ts';

export interface ScheduledWindow extends Window {
  readonly standing: 'open' | 'closed';
}

/** What was ordered by hand or by the fire alarm; scopes: `gate:<id>`, `area:<id>`. */
export type Orders = readonly Pick<StandingRow, 'scope' | 'standing'>[];

/**
 * How a gate stands: the fire alarm over a lock-down, that over what a guard ordered for this gate, and only then the
 * schedule (closed before open). A fire latches: it ends by hand, never by the contact closing again.
 */
export function standingOf(
  gate: { readonly id: string; readonly area: string; readonly schedule: readonly ScheduledWindow[] },
  orders: Orders,
  campusClock: CampusClock,
  now: EpochMs,
): Standing {
  const mine = [`area:${gate.area}`, `gate:${gate.id}`];
  const given = orders.filter(({ scope }) => mine.includes(scope)).map(({ standing }) => standing);
  for (const standing of ['fire', 'lock-down', 'closed', 'open'] as const)
    if (given.includes(standing)) return standing;
  if (gate.schedule.length === 0) return 'controlled';
  const local = campusClock(now);
  for (const standing of ['closed', 'open'] as const)
    if (gate.schedule.some((window) => window.standing === standing && withinWindows([window], local))) return standing;
  return 'controlled';
}
