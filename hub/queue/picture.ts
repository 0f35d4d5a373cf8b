import type { Clock, EpochMs, MonoMs } from '@hallhub/sync/base';
import { ms } from '@hallhub/sync/base';
import type { QueueHallConfig } from '../config/index.ts';
import type { CounterState } from './contract.ts';
import type { Halls } from './halls.ts';
import { ORDINARY_CLASS } from './halls.ts';
import type { Calling, VisitorClass, Waiting } from './rules/calling.ts';
import { callingRules } from './rules/calling.ts';
import type { CounterAtWork, HallNow, ServiceTime, WaitRange } from './rules/estimate.ts';
import { expectedFor, expectedWaits, serviceTime } from './rules/estimate.ts';
import type { Line } from './rules/line.ts';
import { lineOf } from './rules/line.ts';
import { isAtCounter } from './rules/ticket.ts';
import type { CounterRow, DeskStore } from './store/desk.ts';
import type { TicketRow, TicketStore } from './store/tickets.ts';

/** A hall as its rows have it now. */
export interface Picture {
  readonly hall: QueueHallConfig;
  readonly now: EpochMs;
  readonly day: string;
  /** Every ticket that has not ended. */
  readonly open: readonly TicketRow[];
  readonly counters: ReadonlyMap<string, CounterRow>;
  /** What the rules see of it. */
  readonly rules: HallNow;
  at(counter: string): TicketRow | undefined;
  ticket(id: string): TicketRow | undefined;
  /** Who waits; not to be taken from. */
  line(): Pick<Line, 'heads'>;
  /** Who was called and did not come, and may be called again; the newest first. */
  missed(): readonly TicketRow[];
}

/** What somebody can expect; old by some seconds at most. */
export interface Expectations {
  /** By ticket. */
  readonly waits: ReadonlyMap<string, WaitRange>;
  /** By service, for somebody who takes a ticket now. */
  readonly services: ReadonlyMap<string, WaitRange>;
}

export interface Pictures {
  of(hall: QueueHallConfig): Picture;
  expectations(hall: QueueHallConfig): Expectations;
  /** Computed now. */
  waits(rules: HallNow): ReadonlyMap<string, WaitRange>;
  /** What somebody with this ticket could expect if it were taken now. */
  expect(picture: Picture, newcomer: Waiting): WaitRange | undefined;
}

/** Service times are of so many last visits. */
const SAMPLES = 40;
/** Expectations and service times are computed anew after so long. */
const FRESH = 3_000;
/** Views of one moment are made of one picture, as long as nothing was written; in milliseconds. */
const MOMENT = 20;
const MISSED_SHOWN = 20;

export const waitingOf = (row: TicketRow): Waiting => ({
  ...{ id: row.id, service: row.service, class: row.class, arrival: row.arrival, front: row.front },
  ...(row.forCounter !== undefined && { forCounter: row.forCounter }),
  isAppointment: row.appointment !== undefined,
});

export const isInLine = ({ state }: TicketRow): boolean => state === 'waiting' || state === 'created';

export function counterState(picture: Picture, id: string): CounterState {
  const row = picture.counters.get(id);
  const ticket = picture.at(id);
  if (ticket) return ticket.state === 'called' ? 'calling' : 'serving';
  if (!row || row.state === 'closed') return 'closed';
  return row.state === 'break' ? 'break' : 'free';
}

/** What somebody at a counter does: all that is done there, or less. */
export const servicesAt = (hall: QueueHallConfig, id: string, row: CounterRow | undefined): ReadonlySet<string> => {
  const all = hall.counters.find((counter) => counter.id === id)?.services ?? [];
  return new Set(row?.services ? all.filter((service) => row.services?.includes(service)) : all);
};

export function createPictures(deps: {
  readonly halls: Halls;
  readonly tickets: Pick<TicketStore, 'open' | 'served' | 'missed'>;
  readonly desk: Pick<DeskStore, 'counters' | 'turns' | 'othersSince'>;
  /** Another one after each write; undefined within a transaction, whose writes may be taken back. */
  readonly written: () => number | undefined;
  readonly clock: Clock;
}): Pictures {
  const { halls, tickets, desk, clock } = deps;
  const seen = new Map<string, { readonly written: number; readonly at: MonoMs; readonly picture: Picture }>();
  const kept = new Map<string, { readonly at: MonoMs; readonly expectations: Expectations }>();
  const times = new Map<string, { readonly at: MonoMs; readonly time: ServiceTime }>();

  const timesOf =
    (hall: QueueHallConfig) =>
    (service: string): ServiceTime => {
      const name = `${hall.id}/${service}`;
      const known = times.get(name);
      const at = clock.monotonic();
      if (known && at - known.at < FRESH) return known.time;
      const usual = hall.services.find(({ id }) => id === service)?.usual ?? ms(300_000);
      const time = serviceTime(tickets.served(hall.id, service, SAMPLES).map(ms), usual);
      times.set(name, { at, time });
      return time;
    };
  const of = (hall: QueueHallConfig): Picture => {
    const written = deps.written();
    const at = clock.monotonic();
    const last = seen.get(hall.id);
    if (last && last.written === written && at - last.at < MOMENT) return last.picture;
    const picture = take(hall);
    if (written !== undefined) seen.set(hall.id, { written, at, picture });
    return picture;
  };
  const take = (hall: QueueHallConfig): Picture => {
    const now = clock.now();
    const day = halls.day(now);
    const open = tickets.open(hall.id);
    const rows = new Map(desk.counters(hall.id).map((row) => [row.counter, row]));
    const busy = new Map(open.filter(isAtCounter).map((row) => [row.counter, row]));
    const byId = new Map(open.map((row) => [row.id, row]));
    const waiting = open.filter(isInLine).map(waitingOf);
    let line: Line | undefined;
    let missed: readonly TicketRow[] | undefined;
    const atWork = hall.counters.flatMap(({ id }): readonly CounterAtWork[] => {
      const row = rows.get(id);
      if (row?.state !== 'open') return [];
      const ticket = busy.get(id);
      const services = servicesAt(hall, id, row);
      return [{ id, services, ...(ticket && { busy: { service: ticket.service, since: ticket.since } }) }];
    });
    return {
      ...{ hall, now, day, open, counters: rows },
      rules: {
        now,
        rule: callingRules[hall.rule],
        classes: classesOf(hall),
        firstCap: hall.firstCap,
        firstInRow: firstInRow(desk.turns(hall.id, day, hall.firstCap + 1)),
        callBy: Object.fromEntries(hall.services.map(({ id, callBy }) => [id, callBy])),
        counters: atWork,
        waiting,
        times: timesOf(hall),
      },
      at: (counter) => busy.get(counter),
      ticket: (id) => byId.get(id),
      line: () => (line ??= lineOf(waiting)),
      missed: () =>
        (missed ??= tickets
          .missed(hall.id, day, MISSED_SHOWN)
          .filter((one) => (desk.othersSince(hall.id, one.id) ?? 0) <= hall.missedWithin)),
    };
  };
  return {
    of,
    waits: expectedWaits,
    expect: ({ rules }, newcomer) => expectedFor(rules, newcomer),
    expectations: (hall) => {
      const at = clock.monotonic();
      const known = kept.get(hall.id);
      if (known && at - known.at < FRESH) return known.expectations;
      const { rules } = of(hall);
      const services = hall.counters.flatMap((counter) => counter.services);
      const expectations: Expectations = {
        waits: expectedWaits(rules),
        services: new Map(
          [...new Set(services)].flatMap((service) => {
            const range = expectedFor(rules, {
              ...{
                id: '\uffff',
                service,
                class: ORDINARY_CLASS,
                arrival: rules.now,
                front: false,
                isAppointment: false,
              },
            });
            return range ? [[service, range] as const] : [];
          }),
        ),
      };
      kept.set(hall.id, { at, expectations });
      return expectations;
    },
  };
}

const firstInRow = (turns: readonly boolean[]): number => {
  const other = turns.indexOf(false);
  return other < 0 ? turns.length : other;
};

const classesOf = (hall: QueueHallConfig): Readonly<Record<string, VisitorClass>> =>
  Object.fromEntries(hall.classes.map(({ id, rate, first }) => [id, { rate, first }]));

/** What the rule is asked for a counter that is free now. */
export function callingAt({ hall, now, counters, rules }: Picture, counter: string): Calling {
  const lasts = (service: string) => rules.times(service).mean;
  return {
    ...{
      now,
      classes: rules.classes,
      firstInRow: rules.firstInRow,
      firstCap: rules.firstCap,
      callBy: rules.callBy,
      lasts,
    },
    counter: { id: counter, services: servicesAt(hall, counter, counters.get(counter)) },
    others: rules.counters
      .filter(({ id }) => id !== counter)
      .map(({ services, busy }) => ({
        services,
        freeAt: (busy ? Math.max(now, busy.since + lasts(busy.service)) : now) as EpochMs,
      })),
  };
}

/** Whom a counter would call next. */
export const nextAt = (picture: Picture, counter: string): TicketRow | undefined => {
  const called = picture.rules.rule(picture.line().heads(picture.now), callingAt(picture, counter));
  return called && picture.ticket(called.id);
};
