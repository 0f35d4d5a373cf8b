import type { Clock, EpochMs, Result } from '@hallhub/sync/base';
import { iso, ok } from '@hallhub/sync/base';
import { visitMissed, visitServed, visitUnserved } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Vault } from '../vault/index.ts';
import type { Period, Ticket, TicketAction } from './rules/ticket.ts';
import { POOL, act, wasCalled } from './rules/ticket.ts';
import type { AppointmentStore } from './store/appointments.ts';
import type { TicketRow, TicketStore } from './store/tickets.ts';

/** What of a ticket is personal, in the clear. */
export interface Personal {
  readonly name?: string;
  readonly note?: string;
}

/** Carries out what happens to tickets: rule, rows, and what the hall is told, in the caller's transaction. */
export interface TicketLife {
  /** Errors: those of the rule. */
  change(row: TicketRow, action: TicketAction): Result<TicketRow>;
  seal(id: string, personal: Personal): Uint8Array | undefined;
  personal(row: Pick<TicketRow, 'id' | 'sealed'>): Personal;
}

export function createTicketLife(deps: {
  readonly tickets: TicketStore;
  readonly appointments: AppointmentStore;
  readonly vault: Pick<Vault, 'seal' | 'open'>;
  readonly outbox: Pick<Outbox, 'append'>;
  /** The revision of a request that still stands. */
  readonly revisionOf: (requestId: string) => number | undefined;
  readonly clock: Pick<Clock, 'now'>;
}): TicketLife {
  const { tickets, appointments, vault, outbox, clock } = deps;

  const seal = (id: string, { name, note }: Personal): Uint8Array | undefined =>
    name === undefined && note === undefined
      ? undefined
      : vault.seal(Buffer.from(JSON.stringify({ name, note })), `queue-ticket/${id}`);
  const personal = ({ id, sealed }: Pick<TicketRow, 'id' | 'sealed'>): Personal => {
    const opened = sealed && vault.open(sealed, `queue-ticket/${id}`);
    return opened?.ok === true ? (JSON.parse(Buffer.from(opened.value).toString('utf8')) as Personal) : {};
  };
  const tell = (row: TicketRow, ticket: Ticket, now: EpochMs): void => {
    const { requestId } = row;
    const revision = requestId === undefined ? undefined : deps.revisionOf(requestId);
    if (requestId === undefined || revision === undefined) return;
    const common = { revision, at: iso(now), hall: row.hall };
    if (ticket.state === 'no-show') {
      appointments.setState(requestId, 'missed');
      outbox.append({ type: visitMissed, subject: requestId, data: { ...common, called: true } });
      return;
    }
    const waitedSeconds = secondsIn(ticket.periods, 'waiting');
    const unfinished = ticket.state === 'expired' && wasCalled(ticket.periods);
    if (ticket.state === 'cancelled' || (ticket.state === 'expired' && !unfinished)) {
      const reason = ticket.state === 'cancelled' ? 'left' : 'day-ended';
      outbox.append({
        type: visitUnserved,
        subject: requestId,
        data: { ...common, number: row.number, reason, waitedSeconds },
      });
      return;
    }
    if (ticket.state !== 'finished' && !unfinished) return;
    outbox.append({
      type: visitServed,
      subject: requestId,
      data: {
        ...common,
        counter: ticket.periods.findLast(({ counter }) => counter !== undefined && counter !== POOL)?.counter ?? '',
        number: row.number,
        // Nobody said what became of it: it is not done.
        outcome: unfinished ? 'incomplete' : (ticket.outcome ?? 'served'),
        services: ticket.services.map(({ service, quantity }) => ({ service, quantity })),
        waitedSeconds,
        servedSeconds: secondsIn(ticket.periods, 'serving'),
      },
    });
  };
  return {
    seal,
    personal,
    change: (row, action) => {
      const now = clock.now();
      const { name, note } = personal(row);
      const periods = tickets.periods(row.id);
      const before: Ticket = { ...row, periods, ...(note !== undefined && { note }) };
      const done = act(before, action, now);
      if (!done.ok) return done;
      const after = done.value;
      const kept = seal(row.id, {
        ...(name !== undefined && { name }),
        ...(after.note !== undefined && { note: after.note }),
      });
      tickets.save(after, periods.length, kept);
      // Called again after all: it was missed, and is no more.
      if (row.state === 'no-show' && row.requestId !== undefined && appointments.get(row.requestId)?.state === 'missed')
        appointments.setState(row.requestId, 'checked-in');
      tell(row, after, now);
      const saved = tickets.get(row.id);
      if (!saved) throw new Error('a ticket that was just saved is not there');
      return ok(saved);
    },
  };
}

const secondsIn = (periods: readonly Period[], state: Period['state']): number =>
  Math.round(
    periods.reduce((sum, { state: is, from, to }) => sum + (is === state && to !== undefined ? to - from : 0), 0) /
      1_000,
  );
