import type { Cancel, Clock, EpochMs, RandomBytes } from '@hallhub/sync/base';
import { epochMs, hours, seconds } from '@hallhub/sync/base';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { Vault } from '../vault/index.ts';
import type { Appointments } from './appointments.ts';
import { createAppointments } from './appointments.ts';
import type { CounterEvent, Counters } from './counters.ts';
import { createCounters, releaseLeft } from './counters.ts';
import type { Halls } from './halls.ts';
import type { TicketLife } from './life.ts';
import { createTicketLife } from './life.ts';
import type { Pictures } from './picture.ts';
import { createPictures } from './picture.ts';
import { appointmentStore } from './store/appointments.ts';
import type { DeskStore, NoticeRow } from './store/desk.ts';
import { deskStore } from './store/desk.ts';
import type { TicketRow, TicketStore } from './store/tickets.ts';
import { ticketStore } from './store/tickets.ts';
import type { Taking } from './taking.ts';
import { createTaking } from './taking.ts';

/** The queue without what is seen and heard of it: every state is in its rows, so that a restart goes on where it stood. */
export interface QueueCore {
  readonly tickets: TicketStore;
  readonly desk: DeskStore;
  readonly life: TicketLife;
  readonly pictures: Pictures;
  readonly appointments: Appointments;
  readonly taking: Taking;
  readonly counters: Counters;
  /** Takes a ticket in line back. Errors: those of the rule. */
  cancel(row: TicketRow): ReturnType<TicketLife['change']>;
  /** What boards show beside the numbers, on this day; undefined: nothing more. */
  setNotice(hall: string, notice: Pick<NoticeRow, 'zh' | 'en' | 'until'> | undefined): void;
  /** What time alone does: appointments ripen or are missed, a day that is over ends its tickets and closes its counters. */
  sweep(): void;
  /** Told after the commit. */
  onChange(listener: (hall: string) => void): Cancel;
  onEvent(listener: (event: CounterEvent) => void): Cancel;
  start(): void;
  stop(): void;
  /** Forgets who held tickets and appointments that ended before; returns how many. */
  forget(before: EpochMs): number;
  /** Forgets tickets and their periods altogether. */
  drop(before: EpochMs): number;
}

const SWEEP_EVERY = seconds(5);
/** An order that is sent again later than that is another one. */
const ORDERS_KEPT = hours(6);

export function createQueueCore(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Vault;
  readonly audit: Audit;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly halls: Halls;
  readonly revisionOf: (requestId: string) => number | undefined;
  /** While it is not, no day is over and nobody has missed anything: a clock that jumped would end what is in hand. */
  readonly clockTrusted: () => boolean;
}): QueueCore {
  const { db, clock, halls } = deps;
  const tickets = ticketStore(db);
  const desk = deskStore(db);
  const store = appointmentStore(db);
  const changes = new Set<(hall: string) => void>();
  const events = new Set<(event: CounterEvent) => void>();
  let timer: Cancel | undefined;

  const changed = (hall: string): void => {
    afterCommit(db, () => {
      for (const listener of changes) listener(hall);
    });
  };
  const life = createTicketLife({ ...deps, tickets, appointments: store });
  const writes = db.prepare<[], number>('SELECT total_changes()').pluck();
  const written = (): number | undefined => (db.inTransaction ? undefined : writes.get());
  const pictures = createPictures({ halls, tickets, desk, clock, written });
  const appointments = createAppointments({ ...deps, appointments: store, tickets, life, changed });
  const taking = createTaking({
    ...deps,
    ...{ tickets, life, pictures, changed },
    checkIn: (id, hall) => appointments.checkIn(id, hall),
    checkedIn: (id) => {
      appointments.checkedIn(id);
    },
  });
  const counters = createCounters({
    ...deps,
    ...{ tickets, desk, life, pictures, changed },
    happened: (event) => {
      for (const listener of events) listener(event);
    },
  });

  const sweepHall = (hall: string): void => {
    const now = clock.now();
    const today = halls.day(now);
    const open = tickets.open(hall);
    let some = false;
    for (const row of open) {
      const over = row.day < today && deps.clockTrusted();
      const ripe = row.state === 'created' && row.arrival <= now;
      if (!over && !ripe) continue;
      some = life.change(row, { do: over ? 'expire' : 'ripen' }).ok || some;
    }
    for (const row of desk.counters(hall)) {
      // A lease is of its day: whoever works past midnight opens the counter again.
      if (row.state === 'closed' || row.day >= today || !deps.clockTrusted()) continue;
      releaseLeft(tickets, life, hall, row.counter);
      desk.putCounter({ ...row, state: 'closed', lease: null, since: now });
      some = true;
    }
    if (some) changed(hall);
  };
  const sweep = (): void => {
    transact(db, () => {
      for (const { id } of halls.all) sweepHall(id);
      if (deps.clockTrusted()) {
        appointments.sweep();
        desk.forgetOrders(epochMs(clock.now() - ORDERS_KEPT));
      }
    });
  };
  const round = (): void => {
    timer = clock.after(SWEEP_EVERY, round);
    sweep();
  };
  return {
    ...{ tickets, desk, life, pictures, appointments, taking, counters, sweep },
    setNotice: (hall, notice) => {
      transact(db, () => {
        desk.setNotice(hall, notice && { ...notice, day: halls.day(clock.now()) });
        changed(hall);
      });
    },
    cancel: (row) =>
      transact(db, () => {
        const done = life.change(row, { do: 'cancel' });
        if (done.ok) changed(row.hall);
        return done;
      }),
    onChange: (listener) => {
      changes.add(listener);
      return () => changes.delete(listener);
    },
    onEvent: (listener) => {
      events.add(listener);
      return () => events.delete(listener);
    },
    start: round,
    stop: () => {
      timer?.();
      timer = undefined;
    },
    forget: (before) => transact(db, () => tickets.erase(before) + store.erase(before)),
    drop: (before) => tickets.drop(before),
  };
}
