import { createHash } from 'node:crypto';
import type { Clock, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok, plus, seconds } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { QueueHallConfig } from '../config/index.ts';
import type { CounterOrder } from './orders.ts';
import type { CounterConfig, Halls } from './halls.ts';
import { ORDINARY_CLASS } from './halls.ts';
import type { TicketLife } from './life.ts';
import type { Pictures } from './picture.ts';
import { nextAt } from './picture.ts';
import type { TicketAction } from './rules/ticket.ts';
import { POOL, isAtCounter, isLeftWith } from './rules/ticket.ts';
import type { CounterRow, DeskStore } from './store/desk.ts';
import type { TicketRow, TicketStore } from './store/tickets.ts';

/** Somebody who works at a counter. */
export interface Clerk {
  readonly id: string;
  readonly name: string;
}

/** A number that was called, or called again. */
export interface CalledEvent {
  readonly hall: string;
  readonly counter: string;
  readonly ticket: string;
  readonly number: string;
  readonly times: number;
}

/** What happened at a counter, for the devices on it. */
export type CounterEvent =
  | ({ readonly type: 'called' } & CalledEvent)
  /** Nobody is called or served there any more. */
  | { readonly type: 'cleared'; readonly hall: string; readonly counter: string }
  | { readonly type: 'finished'; readonly hall: string; readonly counter: string; readonly ticket: string };

/** So long after the end of a visit a rating is of it, whoever has been called meanwhile. */
export const RATED_WITHIN = seconds(30);

export interface Counters {
  /** Errors: `E-QUEUE-0201`, `E-QUEUE-0202`. */
  open(
    counter: string,
    clerk: Clerk,
    how: { readonly takeOver: boolean; readonly services?: readonly string[]; readonly key?: string },
  ): Result<{ readonly lease: string }>;
  /**
   * One order, one transaction; the same order under the same key has been given once. Errors: `E-QUEUE-0201` to `E-QUEUE-0211`;
   * `E-QUEUE-0203` for a lease that ended.
   */
  order(counter: string, lease: string, clerk: Pick<Clerk, 'id'>, order: CounterOrder, key?: string): Result<void>;
  /** The same from the counter's keypad, for whoever has the counter. Errors: `E-QUEUE-0210` where nobody has. */
  orderByKeypad(counter: string, order: CounterOrder): Result<void>;
  /** Of whose visit has just ended, else of the ticket that is at the counter, or was last; false: it was rated already, or nobody was there. */
  rate(counter: string, score: number): boolean;
}

/** What is done at a counter, found and checked. */
interface AtCounter {
  readonly hall: QueueHallConfig;
  readonly counter: CounterConfig;
  readonly row: CounterRow & { readonly accountId: string };
}

export function createCounters(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly audit: Audit;
  readonly halls: Halls;
  readonly tickets: TicketStore;
  readonly desk: DeskStore;
  readonly life: TicketLife;
  readonly pictures: Pictures;
  readonly changed: (hall: string) => void;
  /** Once it is committed. */
  readonly happened: (event: CounterEvent) => void;
}): Counters {
  const { db, clock, random, audit, halls, tickets, desk, life, pictures } = deps;

  const tell = (event: CounterEvent): void => {
    afterCommit(db, () => {
      deps.happened(event);
    });
  };
  const present = (hall: QueueHallConfig, counter: string): TicketRow | undefined => tickets.at(hall.id, counter);
  /** A ticket of this hall and day, whatever became of it. */
  const ticketOf = (hall: QueueHallConfig, id: string): Result<TicketRow> => {
    const row = tickets.get(id);
    return row?.hall === hall.id ? ok(row) : failure('E-QUEUE-0208', id);
  };

  const call = ({ hall, counter, row }: AtCounter, ticket: TicketRow, outOfOrder: boolean): Result<void> => {
    const called = life.change(ticket, { do: 'call', counter: counter.id, by: row.accountId, outOfOrder });
    if (!called.ok) return called;
    noteCall(hall, called.value);
    return ok();
  };
  const noteCall = (hall: QueueHallConfig, ticket: TicketRow): void => {
    const { id, number, service, counter = '', calls } = ticket;
    const at = clock.now();
    desk.addCall({
      ...{ hall: hall.id, day: halls.day(at), ticketId: id, number, service, counter, at, times: calls },
      firstTier: hall.classes.some(({ id: kind, first }) => kind === ticket.class && first),
    });
    tell({ type: 'called', hall: hall.id, counter, ticket: id, number, times: calls });
  };

  const next = (at: AtCounter): Result<void> => {
    const ticket = nextAt(pictures.of(at.hall), at.counter.id);
    return ticket ? call(at, ticket, false) : failure('E-QUEUE-0204');
  };
  const callOutOfOrder = (at: AtCounter, id: string, reason: string): Result<void> => {
    const found = ticketOf(at.hall, id);
    if (!found.ok) return found;
    const ticket = found.value;
    if (isAtCounter(ticket)) return failure('E-QUEUE-0207');
    if (ticket.state === 'no-show') {
      const others = desk.othersSince(at.hall.id, id) ?? 0;
      const sameDay = ticket.day === halls.day(clock.now());
      if (!sameDay || others > at.hall.missedWithin || tickets.isOpen(at.hall.id, ticket.number))
        return failure('E-QUEUE-0209');
    }
    const called = call(at, ticket, true);
    if (called.ok)
      audit.record({
        actor: `staff:${at.row.accountId}`,
        action: 'queue.out-of-order',
        subject: `ticket:${id}`,
        detail: { counter: at.counter.id, reason },
      });
    return called;
  };
  const resume = (at: AtCounter, id: string): Result<void> => {
    const found = ticketOf(at.hall, id);
    if (!found.ok) return found;
    if (found.value.state !== 'held' && found.value.state !== 'parked') return failure('E-QUEUE-0207');
    return call(at, found.value, false);
  };
  /** What needs a ticket at the counter. */
  const actOnPresent = (at: AtCounter, action: TicketAction): Result<void> => {
    const { hall, counter } = at;
    const ticket = present(hall, counter.id);
    if (!ticket) return failure('E-QUEUE-0206');
    const done = life.change(ticket, action);
    if (!done.ok) return done;
    if (action.do === 'recall') noteCall(hall, done.value);
    if (action.do === 'finish') tell({ type: 'finished', hall: hall.id, counter: counter.id, ticket: ticket.id });
    if (!isAtCounter(done.value)) tell({ type: 'cleared', hall: hall.id, counter: counter.id });
    return ok();
  };
  const transfer = (at: AtCounter, order: Extract<CounterOrder, { do: 'transfer' }>): Result<void> => {
    if (order.service !== undefined) {
      const service = halls.service(at.hall, order.service);
      if (!service.ok) return service;
    }
    if (order.counter !== undefined && !isOf(at.hall, order.counter)) return failure('E-QUEUE-0201', order.counter);
    return actOnPresent(at, order);
  };
  const park = (at: AtCounter, { to, note }: Extract<CounterOrder, { do: 'park' }>): Result<void> => {
    if (to !== 'pool' && !isOf(at.hall, to.counter)) return failure('E-QUEUE-0201', to.counter);
    return actOnPresent(at, {
      do: 'park',
      with: to === 'pool' ? POOL : to.counter,
      ...(note !== undefined && { note }),
    });
  };
  /** Any ticket of the hall that has not ended: whoever sees the need for it need not be who will call it. */
  const setClass = (at: AtCounter, { ticket, class: kind }: Extract<CounterOrder, { do: 'class' }>): Result<void> => {
    const found = ticketOf(at.hall, ticket);
    if (!found.ok) return found;
    if (kind !== ORDINARY_CLASS && !at.hall.classes.some(({ id }) => id === kind)) return failure('E-QUEUE-0113');
    const before = found.value.class;
    const done = life.change(found.value, { do: 'class', class: kind });
    if (!done.ok) return done;
    audit.record({
      actor: `staff:${at.row.accountId}`,
      action: 'queue.class',
      subject: `ticket:${ticket}`,
      detail: { counter: at.counter.id, before, class: kind },
    });
    return ok();
  };
  const setState = ({ row, counter }: AtCounter, state: CounterRow['state'], reason?: string): Result<void> => {
    const closed = state === 'closed';
    desk.putCounter({ ...row, state, since: clock.now(), ...(closed && { lease: null }) });
    audit.record({
      actor: `staff:${row.accountId}`,
      action: `queue.counter-${state}`,
      subject: `counter:${counter.id}`,
      ...(reason !== undefined && { detail: { reason } }),
    });
    return ok();
  };

  const carryOut = (at: AtCounter, order: CounterOrder): Result<void> => {
    const { hall, counter, row } = at;
    const needsFree = ['next', 'call', 'resume', 'break', 'close'].includes(order.do);
    if (needsFree && present(hall, counter.id)) return failure('E-QUEUE-0205');
    if (row.state === 'break' && ['next', 'call', 'resume'].includes(order.do)) return failure('E-QUEUE-0210');
    switch (order.do) {
      case 'next':
        return next(at);
      case 'call':
        return callOutOfOrder(at, order.ticket, order.reason);
      case 'resume':
        return resume(at, order.ticket);
      case 'park':
        return park(at, order);
      case 'transfer':
        return transfer(at, order);
      case 'add-service': {
        const service = halls.service(hall, order.service);
        return service.ok ? actOnPresent(at, order) : service;
      }
      case 'recall':
      case 'begin':
      case 'no-show':
      case 'hold':
      case 'finish':
        return actOnPresent(at, order);
      case 'class':
        return setClass(at, order);
      case 'break':
        return setState(at, 'break', order.reason);
      case 'back':
        return setState(at, 'open');
      case 'close':
        if (order.left !== 'keep') releaseLeft(tickets, life, hall.id, counter.id);
        return setState(at, 'closed', order.reason);
    }
  };
  const run = (
    counterId: string,
    admit: (row: CounterRow | undefined) => Result<AtCounter['row']>,
    order: CounterOrder,
  ): Result<void> =>
    transact(db, () => {
      const found = halls.counter(counterId);
      if (!found.ok) return found;
      const admitted = admit(desk.counter(counterId));
      if (!admitted.ok) return admitted;
      const done = carryOut({ ...found.value, row: admitted.value }, order);
      if (done.ok) deps.changed(found.value.hall.id);
      return done;
    });

  return {
    open: (counterId, clerk, { takeOver, services, key }) =>
      transact(db, () => {
        const found = halls.counter(counterId);
        if (!found.ok) return found;
        const { hall, counter } = found.value;
        const unknown = services?.find((service) => !counter.services.includes(service));
        if (unknown !== undefined) return failure('E-QUEUE-0102', unknown);
        const before = desk.counter(counterId);
        const name = key === undefined ? undefined : nameOf(counterId, clerk, { takeOver, services }, key);
        const again = name === undefined ? undefined : desk.orderedIn(name);
        // Opened already, and by nobody else since: the answer was lost.
        if (again !== undefined && before?.epoch === again && before.lease !== null) return ok({ lease: before.lease });
        const taken = before !== undefined && before.state !== 'closed';
        if (taken && !takeOver) return failure('E-QUEUE-0202');
        const now = clock.now();
        const lease = Buffer.from(random(18)).toString('base64url');
        if (name !== undefined && again === undefined) desk.putOrder(name, (before?.epoch ?? 0) + 1, now);
        desk.putCounter({
          ...{ counter: counterId, hall: hall.id, state: 'open', epoch: (before?.epoch ?? 0) + 1, lease },
          ...{
            accountId: clerk.id,
            accountName: clerk.name,
            services: services ?? null,
            since: now,
            day: halls.day(now),
          },
        });
        audit.record({
          actor: `staff:${clerk.id}`,
          action: taken ? 'queue.counter-taken-over' : 'queue.counter-opened',
          subject: `counter:${counterId}`,
        });
        deps.changed(hall.id);
        return ok({ lease });
      }),
    order: (counterId, lease, clerk, order, key) =>
      transact(db, () => {
        const name = key === undefined ? undefined : nameOf(counterId, clerk, { lease, order }, key);
        if (name !== undefined && desk.orderedIn(name) !== undefined) return ok();
        const done = run(
          counterId,
          (row) =>
            row && row.state !== 'closed' && row.lease === lease && row.accountId === clerk.id
              ? ok({ ...row, accountId: clerk.id })
              : failure('E-QUEUE-0203'),
          order,
        );
        if (done.ok && name !== undefined) desk.putOrder(name, desk.counter(counterId)?.epoch ?? 0, clock.now());
        return done;
      }),
    orderByKeypad: (counterId, order) =>
      run(
        counterId,
        (row) =>
          row && row.state !== 'closed' && row.accountId !== null
            ? ok({ ...row, accountId: row.accountId })
            : failure('E-QUEUE-0210'),
        order,
      ),
    rate: (counterId, score) =>
      transact(db, () => {
        const found = halls.counter(counterId);
        if (!found.ok) return false;
        const { hall } = found.value;
        const now = clock.now();
        const day = halls.day(now);
        const last = justFinished(hall, day, counterId) ?? present(hall, counterId) ?? lastServed(hall, day, counterId);
        if (!last) return false;
        const by = tickets
          .periods(last.id)
          .findLast(({ counter, by: who }) => counter === counterId && who !== undefined)?.by;
        return desk.rate({
          ...{ hall: hall.id, day, counter: counterId, ticketId: last.id, service: last.service, score, at: now },
          ...(by !== undefined && { accountId: by }),
        });
      }),
  };

  function justFinished(hall: QueueHallConfig, day: string, counter: string): TicketRow | undefined {
    const last = tickets.lastFinished(hall.id, day, counter);
    return last && clock.now() <= plus(last.since, RATED_WITHIN) ? last : undefined;
  }
  function lastServed(hall: QueueHallConfig, day: string, counter: string): TicketRow | undefined {
    const last = desk.lastAt(hall.id, day, counter);
    return last === undefined ? undefined : tickets.get(last.ticketId);
  }
}

/** Who ordered what under which key, without a word of it. */
const nameOf = (counter: string, { id }: Pick<Clerk, 'id'>, what: object, key: string): string =>
  createHash('sha256')
    .update(JSON.stringify([counter, id, what, key]))
    .digest('base64url');

/** Nobody waits for a counter at which nobody works: what was left with it goes to the pool, or back into its line. */
export function releaseLeft(
  tickets: Pick<TicketStore, 'open'>,
  life: Pick<TicketLife, 'change'>,
  hall: string,
  counter: string,
): void {
  for (const row of tickets.open(hall)) if (isLeftWith(row, counter)) life.change(row, { do: 'release' });
}

const isOf = (hall: QueueHallConfig, counter: string): boolean => hall.counters.some(({ id }) => id === counter);
