import type { Clock, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { QueueHallConfig } from '../config/index.ts';
import type { CheckedAppointment } from './appointments.ts';
import type { TicketSource } from './contract.ts';
import type { Halls, ServiceConfig } from './halls.ts';
import { ORDINARY_CLASS } from './halls.ts';
import type { Personal, TicketLife } from './life.ts';
import type { Pictures } from './picture.ts';
import { nextNumber } from './rules/numbers.ts';
import { takeTicket } from './rules/ticket.ts';
import type { PersonKeys, TicketRow, TicketStore } from './store/tickets.ts';

export interface TakeOrder {
  readonly hall: string;
  readonly service: string;
  readonly source: TicketSource;
  /** Who takes it, as far as that is known: one person has one open ticket for a service. */
  readonly person?: PersonKeys;
  readonly personal?: Personal;
  readonly class?: string;
  /** The id of an appointment that is theirs. */
  readonly appointment?: string;
  /** The id of an approved request for which they come. */
  readonly request?: string;
  /** Kiosk or button machine. */
  readonly place?: string;
  /** What whoever orders it calls this one order: sent twice, it has been given once. */
  readonly orderedAs?: string;
  /** For the audit: `staff:…`, `kiosk:…`, `phone`, `device:…`. */
  readonly by: string;
}

export interface Taking {
  /**
   * Gives a number. It is committed when this returns; paper comes later. Errors: `E-QUEUE-0101` to `E-QUEUE-0113`, `E-QUEUE-0116`.
   */
  take(order: TakeOrder): Result<TicketRow>;
  /** Why no ticket is given for a service now. */
  refusal(hall: QueueHallConfig, service: ServiceConfig): ReturnType<Halls['opening']>;
}

export function createTaking(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly audit: Audit;
  readonly halls: Halls;
  readonly tickets: TicketStore;
  readonly life: TicketLife;
  readonly pictures: Pictures;
  readonly checkIn: (id: string, hall: string) => Result<CheckedAppointment>;
  readonly checkedIn: (id: string) => void;
  readonly changed: (hall: string) => void;
}): Taking {
  const { db, clock, random, halls, tickets, life, pictures } = deps;

  const refusal: Taking['refusal'] = (hall, service) => {
    const now = clock.now();
    const opening = halls.opening(hall, service, now);
    if (opening.refusal !== undefined) return opening;
    const { dailyCap } = service;
    return dailyCap !== undefined && tickets.takenOn(hall.id, halls.day(now), service.id) >= dailyCap
      ? { refusal: 'E-QUEUE-0105' }
      : {};
  };

  const give = (order: TakeOrder): Result<TicketRow> => {
    const before = order.orderedAs === undefined ? undefined : tickets.orderedAs(order.orderedAs);
    if (before) return ok(before);
    const hall = halls.get(order.hall);
    if (!hall.ok) return hall;
    const appointment = order.appointment === undefined ? undefined : deps.checkIn(order.appointment, order.hall);
    if (appointment && !appointment.ok) return appointment;
    const booked = appointment?.value;
    const service = halls.service(hall.value, booked?.service ?? order.service);
    if (!service.ok) return service;
    const kind = order.class ?? ORDINARY_CLASS;
    const visitorClass = hall.value.classes.find(({ id }) => id === kind);
    if (kind !== ORDINARY_CLASS && !visitorClass) return failure('E-QUEUE-0113');
    // What a button gives is configured with the button.
    const byThemselves = order.source === 'machine' || order.source === 'phone';
    if (byThemselves && visitorClass?.selfDeclared === false) return failure('E-QUEUE-0116');
    // A member of staff knows why they give one now; a booked slot was counted when it was booked.
    const closed = order.source === 'staff' ? {} : refusal(hall.value, service.value);
    if (closed.refusal !== undefined && !(booked && closed.refusal === 'E-QUEUE-0105')) return failure(closed.refusal);
    const person = booked?.person ?? order.person ?? {};
    if (tickets.openOf(hall.value.id, person).some((one) => one.service === service.value.id))
      return failure('E-QUEUE-0106');

    const now = clock.now();
    const day = halls.day(now);
    const { prefix } = service.value;
    const next = nextNumber(
      { ...hall.value.series, prefix },
      tickets.lastSerial(hall.value.id, day, prefix),
      (number) => tickets.isOpen(hall.value.id, number),
    );
    if (!next) return failure('E-QUEUE-0112');
    // In the order in which numbers were given, also within one millisecond.
    const id = `${hall.value.id}-${day.replaceAll('-', '')}-${prefix}${String(next.serial).padStart(6, '0')}`;
    const arrival = booked?.arrival ?? now;
    const ticket = takeTicket({ id, service: service.value.id, class: kind, arrival, at: now });
    const personal = booked?.name === undefined ? order.personal : { name: booked.name, ...order.personal };
    const sealed = personal && life.seal(id, personal);
    const expected = pictures.expect(pictures.of(hall.value), {
      ...{ id, service: ticket.service, class: kind, arrival, front: false },
      isAppointment: booked?.slot !== undefined,
    });
    const requestId = order.appointment ?? order.request;
    tickets.add(
      {
        ...{ hall: hall.value.id, day, series: prefix, serial: next.serial, number: next.number },
        key: Buffer.from(random(16)).toString('base64url'),
        source: booked ? 'appointment' : order.source,
        ...{ since: now, takenAt: now },
        ...person,
        ...(sealed && { sealed }),
        ...(requestId !== undefined && { requestId }),
        ...(booked?.slot && { appointment: booked.slot }),
        ...(order.place !== undefined && { place: order.place }),
        ...(expected && { expected }),
      },
      ticket,
      order.orderedAs,
    );
    if (order.appointment !== undefined) deps.checkedIn(order.appointment);
    if (order.source === 'staff')
      deps.audit.record({
        actor: order.by,
        action: 'queue.behalf',
        subject: `ticket:${id}`,
        detail: { service: ticket.service, class: kind },
      });
    deps.changed(hall.value.id);
    const row = tickets.get(id);
    if (!row) throw new Error('a ticket that was just added is not there');
    return ok(row);
  };
  return { take: (order) => transact(db, () => give(order)), refusal };
}
