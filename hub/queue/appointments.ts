import type { Clock, EpochMs, Result } from '@hallhub/sync/base';
import { failure, iso, ok, parseInstant } from '@hallhub/sync/base';
import { visitMissed } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import type { KindHandler } from '../requests/index.ts';
import type { Vault } from '../vault/index.ts';
import type { Halls } from './halls.ts';
import type { TicketLife } from './life.ts';
import type { CheckIn } from './rules/opening.ts';
import { checkInAt, isRestricted } from './rules/opening.ts';
import type { AppointmentRow, AppointmentStore } from './store/appointments.ts';
import type { PersonKeys, TicketStore } from './store/tickets.ts';

/** An appointment with which a ticket may be taken now. */
export interface CheckedAppointment {
  readonly service: string;
  /** From when the wait counts. */
  readonly arrival: EpochMs;
  /** Absent: late, so that it waits as one that was taken now. */
  readonly slot?: { readonly from: EpochMs; readonly to: EpochMs };
  readonly person: PersonKeys;
  readonly name?: string;
}

export interface Appointments {
  readonly handler: KindHandler<'appointment'>;
  /** Errors: `E-QUEUE-0107` to `E-QUEUE-0110`. */
  checkIn(requestId: string, hall: string): Result<CheckedAppointment>;
  checkedIn(requestId: string): void;
  /** What a hall has for somebody, and what checking in would say. */
  of(person: PersonKeys, hall: string): readonly (AppointmentRow & { readonly checkIn: CheckIn })[];
  /** The appointment with this code, whoever shows it. */
  byCode(code: string): AppointmentRow | undefined;
  isOf(row: AppointmentRow, person: PersonKeys): boolean;
  /** Those to which nobody came are missed, and the hall is told; joins the caller's transaction. */
  sweep(): void;
}

/** How somebody is known here: the number at the university, and that of the resident ID. */
export const personKeys = (
  vault: Pick<Vault, 'match'>,
  { number, residentId }: { readonly number?: string | undefined; readonly residentId?: string | undefined },
): PersonKeys => ({
  ...(number !== undefined && { numberKey: vault.match('queue-person', number).toString('hex') }),
  ...(residentId !== undefined && { idKey: vault.match('resident-id', residentId).toString('hex') }),
});

export function createAppointments(deps: {
  readonly clock: Pick<Clock, 'now'>;
  readonly halls: Halls;
  readonly appointments: AppointmentStore;
  readonly tickets: TicketStore;
  readonly life: TicketLife;
  readonly vault: Pick<Vault, 'match' | 'seal' | 'open'>;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly changed: (hall: string) => void;
}): Appointments {
  const { clock, halls, appointments, tickets, life, vault } = deps;
  const context = (id: string): string => `queue-appointment/${id}`;
  const nameOf = ({ requestId, sealed }: AppointmentRow): string | undefined => {
    const opened = sealed && vault.open(sealed, context(requestId));
    return opened?.ok === true ? Buffer.from(opened.value).toString('utf8') : undefined;
  };
  const keysOf = ({ numberKey, idKey }: AppointmentRow): PersonKeys => ({
    ...(numberKey !== null && { numberKey }),
    ...(idKey !== null && { idKey }),
  });
  const codeKey = (code: string): string => vault.match('queue-code', code.trim().toUpperCase()).toString('hex');
  /** What cannot be acted on any more: a ticket in line for something that was withdrawn. */
  const cancelTicket = ({ requestId, hall }: AppointmentRow): void => {
    const row = tickets.open(hall).find((one) => one.requestId === requestId);
    if (row?.state === 'created' || row?.state === 'waiting') life.change(row, { do: 'cancel' });
  };

  return {
    handler: {
      kind: 'appointment',
      approve: ({ id, revision, data }) => {
        const before = appointments.get(id);
        const from = parseInstant(data.from);
        const to = parseInstant(data.to);
        if (from === undefined || to === undefined) throw new TypeError('an appointment whose instants are none');
        const keys = personKeys(vault, data.person);
        appointments.put({
          ...{ requestId: id, revision, hall: data.hall, service: data.service, from, to },
          numberKey: keys.numberKey ?? null,
          idKey: keys.idKey ?? null,
          codeKey: data.code === undefined ? null : codeKey(data.code),
          sealed: vault.seal(Buffer.from(data.person.name), context(id)),
          // A slot that was moved after it was missed can be kept; whoever is here already stays here.
          state: before?.state === 'checked-in' ? 'checked-in' : 'booked',
        });
        deps.changed(data.hall);
        return undefined;
      },
      revoke: ({ id, revision }) => {
        const row = appointments.get(id);
        // One that was never seen has nothing here to take back.
        if (!row) return;
        cancelTicket(row);
        appointments.put({ ...row, revision, state: 'revoked' });
        deps.changed(row.hall);
      },
    },
    checkIn: (requestId, hallId) => {
      const row = appointments.get(requestId);
      if (row?.hall !== hallId || row.state === 'revoked') return failure('E-QUEUE-0107');
      if (row.state === 'checked-in') {
        const open = tickets.open(hallId).some((one) => one.requestId === requestId);
        return failure(open ? 'E-QUEUE-0106' : 'E-QUEUE-0109');
      }
      const hall = halls.get(hallId);
      if (!hall.ok) return hall;
      const rules = hall.value.appointments;
      const now = clock.now();
      const verdict = row.state === 'missed' ? 'over' : checkInAt(row, rules, now);
      if (verdict === 'early') return failure('E-QUEUE-0108');
      if (verdict === 'over') return failure('E-QUEUE-0109');
      const missedAt = appointments.of(keysOf(row)).flatMap(({ state, to }) => (state === 'missed' ? [to] : []));
      if (isRestricted(missedAt, rules, now)) return failure('E-QUEUE-0110');
      const name = nameOf(row);
      return ok({
        service: row.service,
        arrival: verdict === 'late' ? now : row.from,
        ...(verdict === 'open' && { slot: { from: row.from, to: row.to } }),
        person: keysOf(row),
        ...(name !== undefined && { name }),
      });
    },
    checkedIn: (requestId) => {
      appointments.setState(requestId, 'checked-in');
    },
    of: (person, hallId) => {
      const hall = halls.get(hallId);
      if (!hall.ok) return [];
      const now = clock.now();
      return appointments
        .of(person)
        .filter(({ hall: where, state }) => where === hallId && state === 'booked')
        .map((row) => ({ ...row, checkIn: checkInAt(row, hall.value.appointments, now) }));
    },
    byCode: (code) => appointments.byCode(codeKey(code)),
    isOf: (row, { numberKey, idKey }) =>
      (numberKey !== undefined && row.numberKey === numberKey) || (idKey !== undefined && row.idKey === idKey),
    sweep: () => {
      const now = clock.now();
      for (const row of appointments.overdue(now)) {
        const hall = halls.get(row.hall);
        // A hall that is another hub's is none of ours to tell of.
        if (!hall.ok || checkInAt(row, hall.value.appointments, now) !== 'over') continue;
        appointments.setState(row.requestId, 'missed');
        deps.outbox.append({
          type: visitMissed,
          subject: row.requestId,
          data: { revision: row.revision, at: iso(now), hall: row.hall, called: false },
        });
      }
    },
  };
}
