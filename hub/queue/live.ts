import type { DurationMs } from '@hallhub/sync/base';
import { ms } from '@hallhub/sync/base';
import type { QueueHallConfig } from '../config/index.ts';
import type { LiveView } from './contract.ts';
import type { Picture } from './picture.ts';
import { counterState } from './picture.ts';
import type { TicketRow, TicketStore } from './store/tickets.ts';

/** How long somebody has been in line: an appointment that came early is not in line before its time. */
const waitOf = ({ state, since }: TicketRow, now: number): DurationMs =>
  ms(state === 'waiting' ? Math.max(0, now - since) : 0);

/** How a hall stands at this moment, from the same rows as everything else. */
export function liveView(
  hall: QueueHallConfig,
  { now, day, open, rules, ...picture }: Picture,
  tickets: Pick<TicketStore, 'servings'>,
): LiveView {
  const waiting = Map.groupBy(
    open.filter(({ state }) => state === 'waiting'),
    ({ service }) => service,
  );
  const done = new Set(hall.counters.flatMap(({ services }) => services));
  const servings = tickets.servings(hall.id, day);
  return {
    hall: hall.id,
    services: hall.services
      .filter(({ id }) => done.has(id))
      .map(({ id, label, waitLimit }) => {
        const waits = (waiting.get(id) ?? []).map((row) => waitOf(row, now));
        return {
          ...{ id, label, waiting: waits.length, longest: ms(Math.max(0, ...waits)), lasts: rules.times(id).mean },
          ...(waitLimit !== undefined && { limit: waitLimit }),
          beyond: waitLimit === undefined ? 0 : waits.filter((wait) => wait > waitLimit).length,
        };
      }),
    counters: hall.counters.map(({ id, label }) => {
      const { count = 0, lasted = 0 } = servings.get(id) ?? {};
      const state = counterState({ now, day, open, rules, ...picture }, id);
      return { id, label, state, servings: count, lasts: ms(count === 0 ? 0 : Math.round(lasted / count)) };
    }),
  };
}
