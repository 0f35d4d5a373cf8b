import type { Code, EpochMs, Result } from '@hallhub/sync/base';
import { failure, ok, plus, seconds } from '@hallhub/sync/base';

/*
 * A ticket's life as period rows: every change closes one row and opens the next, so that waits, walks to the counter, service
 * and whatever interrupted them can all be computed from the rows and nothing is counted beside them.
 *
 *   created → waiting → called → serving → finished
 *                ↑         ├→ no-show (called again while few numbers have passed)
 *                ├─────────┴→ held at its counter, parked at a counter or in the pool
 *                └── transferred to another service or counter
 */

export type PeriodState =
  /** It has a number, and nobody may call it yet: an appointment that came early. */
  | 'created'
  | 'waiting'
  /** On its way to the counter. */
  | 'called'
  | 'serving'
  /** Interrupted; the same counter goes on with it. */
  | 'held'
  /** Interrupted; whoever it is parked with goes on with it. */
  | 'parked'
  /** Sent on; lasts no time, and says from where. */
  | 'transferred'
  | 'finished'
  | 'no-show'
  | 'cancelled'
  /** The day ended over it. */
  | 'expired';

export interface Period {
  readonly state: PeriodState;
  readonly from: EpochMs;
  /** Absent: it lasts. Ends last no time. */
  readonly to?: EpochMs;
  readonly service: string;
  readonly counter?: string;
  /** Account of who did it. */
  readonly by?: string;
}

/** Where a ticket stands among the others of its service. */
export type Place = 'front' | 'sorted' | 'end';
export type VisitOutcome = 'served' | 'incomplete' | 'referred';

export interface Ticket {
  readonly id: string;
  readonly service: string;
  readonly class: string;
  readonly state: PeriodState;
  /** From when its wait counts: when it was taken, or when its appointment begins. */
  readonly arrival: EpochMs;
  /** Before all others of its service. */
  readonly front: boolean;
  /** Nobody else calls it: it was sent to this counter. */
  readonly forCounter: string | undefined;
  /** Where it is called, served, held or parked; bound when it is called, never before. `pool`: parked with everybody. */
  readonly counter: string | undefined;
  readonly calls: number;
  /** What was done in this visit, the present service last. */
  readonly services: readonly { readonly service: string; readonly quantity: number }[];
  readonly outcome?: VisitOutcome;
  readonly note?: string;
  readonly periods: readonly Period[];
}

export type TicketAction =
  /** `outOfOrder`: also one that was missed, held or parked elsewhere. */
  | { readonly do: 'call'; readonly counter: string; readonly by: string; readonly outOfOrder?: boolean }
  | { readonly do: 'recall' }
  | { readonly do: 'begin' }
  | { readonly do: 'no-show' }
  | { readonly do: 'hold'; readonly note?: string }
  | { readonly do: 'park'; readonly with: string; readonly note?: string }
  | { readonly do: 'transfer'; readonly service?: string; readonly counter?: string; readonly place: Place }
  | { readonly do: 'add-service'; readonly service: string; readonly quantity: number }
  | { readonly do: 'finish'; readonly outcome: VisitOutcome; readonly note?: string }
  /** Staff see, or are told, that somebody has a claim, or has none. */
  | { readonly do: 'class'; readonly class: string }
  /** The counter that it was left with closes: anybody goes on with it. */
  | { readonly do: 'release' }
  /** An appointment that came early: its time has come. */
  | { readonly do: 'ripen' }
  | { readonly do: 'cancel' }
  | { readonly do: 'expire' };

/** Parked with everybody. */
export const POOL = 'pool';

const ENDED: ReadonlySet<PeriodState> = new Set(['finished', 'no-show', 'cancelled', 'expired']);
const IN_LINE: ReadonlySet<PeriodState> = new Set(['created', 'waiting']);
const AT_COUNTER: ReadonlySet<PeriodState> = new Set(['called', 'serving']);
const ASIDE: ReadonlySet<PeriodState> = new Set(['held', 'parked']);

/** Nothing more will happen to it by itself. A `no-show` may still be called again. */
export const isEnded = ({ state }: Pick<Ticket, 'state'>): boolean => ENDED.has(state);
/** Whether a day that ended over it left somebody who had been called: at a counter, on the way there, or aside. */
export const wasCalled = (periods: readonly Pick<Period, 'state'>[]): boolean => {
  const before = periods.findLast(({ state }) => state !== 'expired')?.state;
  return before !== undefined && (AT_COUNTER.has(before) || ASIDE.has(before));
};
/** It waits for this counter and no other: sent there, held there or parked there. */
export const isLeftWith = (
  { state, counter: at, forCounter }: Pick<Ticket, 'state' | 'counter' | 'forCounter'>,
  counter: string,
): boolean => (IN_LINE.has(state) && forCounter === counter) || (ASIDE.has(state) && at === counter);
/** It keeps a counter from calling the next. */
export const isAtCounter = ({ state }: Pick<Ticket, 'state'>): boolean => AT_COUNTER.has(state);

export interface NewTicket {
  readonly id: string;
  readonly service: string;
  readonly class: string;
  /** Later than `at` for an appointment that came early: it waits from then on. */
  readonly arrival: EpochMs;
  readonly at: EpochMs;
}

export function takeTicket({ id, service, class: kind, arrival, at }: NewTicket): Ticket {
  const state = arrival > at ? 'created' : 'waiting';
  return {
    ...{ id, service, class: kind, state, arrival, front: false, forCounter: undefined, counter: undefined, calls: 0 },
    services: [{ service, quantity: 1 }],
    periods: [{ state, from: at, service }],
  };
}

/** Errors: `E-QUEUE-0207` where its state does not allow that, `E-QUEUE-0206` where it is at no counter. */
export function act(ticket: Ticket, action: TicketAction, now: EpochMs): Result<Ticket> {
  switch (action.do) {
    case 'call':
      return call(ticket, action, now);
    case 'recall':
      return ticket.state === 'called' ? ok({ ...ticket, calls: ticket.calls + 1 }) : refused('E-QUEUE-0206');
    case 'begin':
      return ticket.state === 'called' ? ok(enter(ticket, 'serving', now)) : refused('E-QUEUE-0207');
    case 'no-show':
      return ticket.state === 'called' ? ok(enter(ticket, 'no-show', now)) : refused('E-QUEUE-0207');
    case 'hold':
      return isAtCounter(ticket) ? ok(noted(enter(ticket, 'held', now), action.note)) : refused('E-QUEUE-0206');
    case 'park':
      return isAtCounter(ticket)
        ? ok(noted(enter({ ...ticket, counter: action.with }, 'parked', now, ticket.counter), action.note))
        : refused('E-QUEUE-0206');
    case 'transfer':
      return isAtCounter(ticket) ? ok(transfer(ticket, action, now)) : refused('E-QUEUE-0206');
    case 'add-service':
      if (ticket.state !== 'serving') return refused('E-QUEUE-0206');
      return ok(addService(ticket, action, now));
    case 'finish':
      return isAtCounter(ticket)
        ? ok(noted({ ...enter(served(ticket, now), 'finished', now), outcome: action.outcome }, action.note))
        : refused('E-QUEUE-0206');
    case 'class':
      return isEnded(ticket) ? refused('E-QUEUE-0207') : ok({ ...ticket, class: action.class });
    case 'release':
      return release(ticket, now);
    case 'ripen':
      return ticket.state === 'created' ? ok(enter(ticket, 'waiting', now)) : refused('E-QUEUE-0207');
    case 'cancel':
      return IN_LINE.has(ticket.state) ? ok(enter(ticket, 'cancelled', now)) : refused('E-QUEUE-0207');
    case 'expire':
      return isEnded(ticket) ? refused('E-QUEUE-0207') : ok(enter(ticket, 'expired', now));
  }
}

function call(
  ticket: Ticket,
  { counter, by, outOfOrder = false }: Extract<TicketAction, { do: 'call' }>,
  now: EpochMs,
): Result<Ticket> {
  const mine = ticket.counter === counter || ticket.counter === POOL;
  const others = ticket.forCounter !== undefined && ticket.forCounter !== counter;
  const may =
    (IN_LINE.has(ticket.state) && (!others || outOfOrder)) ||
    (ASIDE.has(ticket.state) && (mine || outOfOrder)) ||
    (ticket.state === 'no-show' && outOfOrder);
  if (!may) return refused('E-QUEUE-0207');
  const mineNow: Ticket = { ...ticket, front: false, forCounter: undefined, counter, calls: ticket.calls + 1 };
  return ok(enter(mineNow, 'called', now, counter, by));
}

function transfer(
  ticket: Ticket,
  { service = ticket.service, counter, place }: Extract<TicketAction, { do: 'transfer' }>,
  now: EpochMs,
): Ticket {
  const sent = enter(ticket, 'transferred', now);
  const services = service === ticket.service ? ticket.services : [...ticket.services, { service, quantity: 1 }];
  const moved: Ticket = {
    ...{ ...sent, service, services, calls: 0, counter: undefined, forCounter: counter },
    arrival: place === 'sorted' ? ticket.arrival : now,
    front: place === 'front',
  };
  return enter(moved, 'waiting', now);
}

function release(ticket: Ticket, now: EpochMs): Result<Ticket> {
  if (IN_LINE.has(ticket.state) && ticket.forCounter !== undefined) return ok({ ...ticket, forCounter: undefined });
  if (ASIDE.has(ticket.state) && ticket.counter !== POOL)
    return ok(enter({ ...ticket, counter: POOL }, 'parked', now, ticket.counter));
  return refused('E-QUEUE-0207');
}

/** Done once more in the same visit: the row of the one before ends. */
function addService(
  ticket: Ticket,
  { service, quantity }: Extract<TicketAction, { do: 'add-service' }>,
  now: EpochMs,
): Ticket {
  return enter({ ...ticket, service, services: [...ticket.services, { service, quantity }] }, 'serving', now);
}

/** Where nobody says that service begins, as with keypads that have no key for it, it began when the person had come over. */
const COMES_OVER = seconds(30);

/** As it stands before it is finished: what was never begun has been served since its person came. */
function served(ticket: Ticket, now: EpochMs): Ticket {
  const called = ticket.state === 'called' ? ticket.periods.at(-1) : undefined;
  const begun = called && plus(called.from, COMES_OVER);
  return begun !== undefined && begun < now ? enter(ticket, 'serving', begun) : ticket;
}

/** Ends the present row and opens the next. A clock that was set back makes no row that ends before it begins. */
function enter(ticket: Ticket, state: PeriodState, now: EpochMs, counter = ticket.counter, by?: string): Ticket {
  const last = ticket.periods.at(-1);
  const at = last && last.from > now ? last.from : now;
  const who = by ?? (counter !== undefined && last?.counter === counter ? last.by : undefined);
  const ended = ticket.periods.map((period) => (period.to === undefined ? { ...period, to: at } : period));
  const lastsNoTime = ENDED.has(state) || state === 'transferred';
  const next: Period = {
    ...{ state, from: at, service: ticket.service },
    ...(lastsNoTime && { to: at }),
    ...(counter !== undefined && { counter }),
    ...(who !== undefined && { by: who }),
  };
  return { ...ticket, state, periods: [...ended, next] };
}

const noted = (ticket: Ticket, note: string | undefined): Ticket => (note === undefined ? ticket : { ...ticket, note });

const refused = (code: Code): Result<never> => failure(code);
