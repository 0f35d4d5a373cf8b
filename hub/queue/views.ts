import type { Clock, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { QueueHallConfig } from '../config/index.ts';
import { maskName } from '../vault/index.ts';
import type {
  AnnouncementView,
  BoardView,
  CallView,
  ClassView,
  CounterView,
  HallView,
  LiveView,
  NoticeView,
  OwnTicketView,
  ServiceView,
  StaffTicketView,
  TicketState,
  WaitingView,
} from './contract.ts';
import type { Halls } from './halls.ts';
import type { TicketLife } from './life.ts';
import type { Picture, Pictures } from './picture.ts';
import { counterState, isInLine, nextAt, servicesAt, waitingOf } from './picture.ts';
import type { Taking } from './taking.ts';
import { liveView } from './live.ts';
import { lineOf } from './rules/line.ts';
import { POOL, isEnded } from './rules/ticket.ts';
import type { CallRow, DeskStore } from './store/desk.ts';
import type { TicketRow, TicketStore } from './store/tickets.ts';

/** What pages see (`contract.ts`), made of a hall's rows. */
export interface QueueViews {
  board(hall: QueueHallConfig): BoardView;
  services(hall: QueueHallConfig): readonly ServiceView[];
  /** Classes that one may declare oneself. */
  classes(hall: QueueHallConfig): readonly ClassView[];
  own(row: TicketRow): OwnTicketView;
  hall(hall: QueueHallConfig): HallView;
  /** Errors: `E-QUEUE-0201`. */
  counter(id: string): Result<CounterView>;
  waiting(hall: QueueHallConfig): WaitingView;
  live(hall: QueueHallConfig): LiveView;
  /** What boards show beside the numbers, as long as it holds. */
  notice(hall: QueueHallConfig): NoticeView | undefined;
}

const CALLS_ON_BOARD = 12;

export function createViews(deps: {
  readonly halls: Halls;
  readonly clock: Pick<Clock, 'now'>;
  readonly tickets: TicketStore;
  readonly desk: DeskStore;
  readonly life: Pick<TicketLife, 'personal'>;
  readonly pictures: Pictures;
  readonly taking: Pick<Taking, 'refusal'>;
  readonly door: (hall: QueueHallConfig) => BoardView['door'];
  /** What a phone opens to watch the ticket; undefined where no phone reaches the hub. */
  readonly ticketUrl: (key: string) => string | undefined;
  readonly announcement: (hall: string) => AnnouncementView | undefined;
  readonly devices: (counter: string) => CounterView['devices'];
}): QueueViews {
  const { halls, tickets, desk, life, pictures } = deps;

  const labelOf = (hall: QueueHallConfig, id: string) =>
    hall.services.find((service) => service.id === id)?.label ?? { zh: id, en: id };
  const staffView = (hall: QueueHallConfig, row: TicketRow): StaffTicketView => {
    const { name, note } = life.personal(row);
    const classLabel = hall.classes.find(({ id }) => id === row.class)?.label;
    return {
      ...{ id: row.id, number: row.number, service: row.service, serviceLabel: labelOf(hall, row.service) },
      ...{ class: row.class, state: stateOf(row), source: row.source, takenAt: row.takenAt, since: row.since },
      ...(classLabel && { classLabel }),
      ...{ calls: row.calls, services: row.services },
      ...(name !== undefined && { person: maskName(name) }),
      ...(note !== undefined && { note }),
      ...(row.appointment && { appointment: row.appointment }),
    };
  };
  const services = (hall: QueueHallConfig): readonly ServiceView[] => {
    const { services: expected } = pictures.expectations(hall);
    const people = Map.groupBy(pictures.of(hall).open.filter(isInLine), ({ service }) => service);
    return hall.services.map((service) => {
      const { id, label, parent, prefix, quick, documents } = service;
      const common = {
        id,
        label,
        quick,
        documents,
        people: people.get(id)?.length ?? 0,
        ...(parent !== undefined && { parent }),
      };
      if (!halls.service(hall, id).ok) return common;
      const { refusal, opensAtInstant } = deps.taking.refusal(hall, service);
      const range = expected.get(id);
      return {
        ...common,
        prefix,
        ...(range && { expected: range }),
        ...(refusal !== undefined && {
          refusal: { code: refusal, ...(opensAtInstant !== undefined && { opensAt: opensAtInstant }) },
        }),
      };
    });
  };

  const notice = ({ id }: QueueHallConfig): NoticeView | undefined => {
    const row = desk.notice(id);
    const now = deps.clock.now();
    if (row?.day !== halls.day(now) || (row.until !== null && row.until <= now)) return undefined;
    return { text: { zh: row.zh, en: row.en }, ...(row.until !== null && { until: row.until }) };
  };

  return {
    services,
    notice,
    live: (hall) => liveView(hall, pictures.of(hall), tickets),
    classes: ({ classes }) =>
      classes.filter(({ selfDeclared }) => selfDeclared).map(({ id, label }) => ({ id, label })),
    board: (hall) => {
      const picture = pictures.of(hall);
      const { services: expected } = pictures.expectations(hall);
      const { id, label } = hall;
      const waiting = Map.groupBy(picture.open.filter(isInLine), ({ service }) => service);
      const door = deps.door(hall);
      const announcement = deps.announcement(id);
      const shown = notice(hall);
      const served = new Set(hall.counters.flatMap((counter) => counter.services));
      return {
        ...{ hall: id, label, day: picture.day },
        calls: lastCalls(hall, desk.calls(id, picture.day, CALLS_ON_BOARD * 3)),
        counters: hall.counters.map((counter) => {
          const number = picture.at(counter.id)?.number;
          return {
            ...{ id: counter.id, label: counter.label, state: counterState(picture, counter.id) },
            ...(number !== undefined && { number }),
          };
        }),
        waiting: hall.services
          .filter((service) => served.has(service.id))
          .map((service) => {
            const range = expected.get(service.id);
            return {
              ...{ service: service.id, label: service.label, people: waiting.get(service.id)?.length ?? 0 },
              ...(range && { expected: range }),
            };
          }),
        ...(door && { door }),
        ...(announcement && { announcement }),
        ...(shown && { notice: shown.text }),
      };
    },
    own: (row) => {
      const found = halls.get(row.hall);
      // A hall that was taken out of the configuration has no more to say about its tickets than their numbers.
      const hall = found.ok ? found.value : undefined;
      const label = hall?.label ?? { zh: row.hall, en: row.hall };
      const counter = hall?.counters.find(({ id }) => id === row.counter)?.label;
      const inLine = isInLine(row);
      const open = inLine && hall ? pictures.of(hall).open : [];
      const expected = hall && inLine ? expectedOf(hall, row) : undefined;
      const service = hall?.services.find(({ id }) => id === row.service);
      const url = deps.ticketUrl(row.key);
      return {
        ...{ key: row.key, number: row.number, hall: row.hall, hallLabel: label, service: row.service },
        serviceLabel: service?.label ?? { zh: row.service, en: row.service },
        state: stateOf(row),
        takenAt: row.takenAt,
        ahead: open.filter((other) => isInLine(other) && isAhead(other, row)).length,
        ...(url !== undefined && { url }),
        ...(expected && { expected }),
        ...(counter && !isEnded(row) && { counter }),
        documents: service?.documents ?? [],
      };
    },
    hall: (hall) => {
      const picture = pictures.of(hall);
      return {
        ...{ id: hall.id, label: hall.label, services: services(hall) },
        classes: hall.classes.map(({ id, label }) => ({ id, label })),
        counters: hall.counters.map(({ id, label, services: offers }) => {
          const row = picture.counters.get(id);
          return {
            ...{ id, label, state: counterState(picture, id), services: [...servicesAt(hall, id, row)], offers },
            ...(row && row.state !== 'closed' && row.accountName !== null && { by: row.accountName }),
          };
        }),
      };
    },
    counter: (id) => {
      const found = halls.counter(id);
      if (!found.ok) return failure(found.error.code, id);
      const { hall, counter } = found.value;
      const picture = pictures.of(hall);
      const row = picture.counters.get(id);
      const ticket = picture.at(id);
      const mine = servicesAt(hall, id, row);
      const those = (state: TicketRow['state'], at: string): readonly StaffTicketView[] =>
        picture.open.filter((one) => one.state === state && one.counter === at).map((one) => staffView(hall, one));
      const next = row?.state === 'open' ? nextAt(picture, id) : undefined;
      const callable = picture.open.filter(
        (one) => isInLine(one) && (one.forCounter === undefined ? mine.has(one.service) : one.forCounter === id),
      );
      return ok({
        ...{ id, label: counter.label, hall: hall.id, state: counterState(picture, id), session: row?.epoch ?? 0 },
        ...(row && row.state !== 'closed' && row.accountName !== null && { by: row.accountName }),
        ...(ticket && { ticket: staffView(hall, ticket) }),
        held: those('held', id),
        parked: those('parked', id),
        pool: those('parked', POOL),
        sent: picture.open.filter((one) => isInLine(one) && one.forCounter === id).map((one) => staffView(hall, one)),
        missed: picture.missed().map((one) => staffView(hall, one)),
        ...(next && { next: staffView(hall, next) }),
        waiting: callable.length,
        served: tickets.finishedAt(id, picture.day),
        devices: deps.devices(id),
      });
    },
    waiting: (hall) => {
      const picture = pictures.of(hall);
      return { hall: hall.id, tickets: inOrder(picture).map((row) => staffView(hall, row)) };
    },
  };

  /** Somebody who came since the last run is not in it yet. */
  function expectedOf(hall: QueueHallConfig, row: TicketRow) {
    const known = pictures.expectations(hall).waits.get(row.id);
    if (known) return known;
    const since = pictures.of(hall).rules;
    return pictures.waits(since).get(row.id);
  }
}

/** To everybody but the rules, who waits for their booked time waits. */
const stateOf = ({ state }: TicketRow): TicketState =>
  state === 'created' || state === 'transferred' ? 'waiting' : state;

/** Of those who wait for the same service: who was sent to the front, then by arrival. */
const isAhead = (other: TicketRow, than: TicketRow): boolean => {
  if (other.service !== than.service || other.id === than.id) return false;
  if (other.front !== than.front) return other.front;
  return other.arrival === than.arrival ? other.id < than.id : other.arrival < than.arrival;
};

/** One line for each ticket, the newest call first. */
function lastCalls(hall: QueueHallConfig, calls: readonly CallRow[]): readonly CallView[] {
  const seen = new Set<string>();
  return calls
    .filter(({ ticketId }) => !seen.has(ticketId) && seen.add(ticketId))
    .slice(0, CALLS_ON_BOARD)
    .map(({ number, counter, at, times }) => ({
      ...{ number, counter, at, times },
      counterLabel: hall.counters.find(({ id }) => id === counter)?.label ?? { zh: counter, en: counter },
    }));
}

/** As a counter that serves everything would call them if it did so now; then those for one counter alone. */
function inOrder({ hall, now, rules, open }: Picture): readonly TicketRow[] {
  const byId = new Map(open.map((row) => [row.id, row]));
  const counter = { id: '', services: new Set(hall.services.map(({ id }) => id)) };
  const order: TicketRow[] = [];
  const line = lineOf(rules.waiting);
  let { firstInRow } = rules;
  for (;;) {
    const called = rules.rule(line.heads(now), {
      ...{
        now,
        counter,
        classes: rules.classes,
        firstInRow,
        firstCap: rules.firstCap,
        callBy: rules.callBy,
        others: [],
      },
      lasts: (service) => rules.times(service).mean,
    });
    const row = called && byId.get(called.id);
    if (!row) break;
    order.push(row);
    line.take(waitingOf(row));
    firstInRow = rules.classes[row.class]?.first === true ? firstInRow + 1 : 0;
  }
  const called = new Set(order.map(({ id }) => id));
  return [...order, ...open.filter((row) => isInLine(row) && !called.has(row.id))];
}
