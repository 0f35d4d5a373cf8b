import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { TicketSource } from '../contract.ts';
import type { Period, Ticket } from '../rules/ticket.ts';

/** A ticket as it is kept: what the rules know of it, and what they need not know. */
export interface TicketRow extends Omit<Ticket, 'periods' | 'note'> {
  readonly hall: string;
  /** YYYY-MM-DD. */
  readonly day: string;
  readonly series: string;
  readonly serial: number;
  readonly number: string;
  readonly key: string;
  readonly source: TicketSource;
  readonly since: EpochMs;
  readonly takenAt: EpochMs;
  readonly numberKey?: string;
  readonly idKey?: string;
  readonly sealed?: Uint8Array;
  readonly requestId?: string;
  readonly appointment?: { readonly from: EpochMs; readonly to: EpochMs };
  readonly place?: string;
  readonly expected?: { readonly from: number; readonly to: number };
}

interface Raw {
  readonly id: string;
  readonly hall: string;
  readonly day: string;
  readonly series: string;
  readonly serial: number;
  readonly number: string;
  readonly key: string;
  readonly service: string;
  readonly class: string;
  readonly source: TicketSource;
  readonly state: Ticket['state'];
  readonly since: EpochMs;
  readonly taken_at: EpochMs;
  readonly arrival: EpochMs;
  readonly front: number;
  readonly for_counter: string | null;
  readonly counter: string | null;
  readonly calls: number;
  readonly services: string;
  readonly outcome: NonNullable<Ticket['outcome']> | null;
  readonly number_key: string | null;
  readonly id_key: string | null;
  readonly sealed: Uint8Array | null;
  readonly request_id: string | null;
  readonly appointment_from: EpochMs | null;
  readonly appointment_to: EpochMs | null;
  readonly place: string | null;
  readonly expected_from: number | null;
  readonly expected_to: number | null;
}

interface RawPeriod {
  readonly state: Period['state'];
  readonly from_at: EpochMs;
  readonly to_at: EpochMs | null;
  readonly service: string;
  readonly counter: string | null;
  readonly account_id: string | null;
}

const rowOf = (raw: Raw): TicketRow => ({
  ...{ id: raw.id, hall: raw.hall, day: raw.day, series: raw.series, serial: raw.serial, number: raw.number },
  ...{ key: raw.key, service: raw.service, class: raw.class, source: raw.source, state: raw.state },
  ...{ since: raw.since, takenAt: raw.taken_at, arrival: raw.arrival, front: raw.front === 1, calls: raw.calls },
  forCounter: raw.for_counter ?? undefined,
  counter: raw.counter ?? undefined,
  services: JSON.parse(raw.services) as TicketRow['services'],
  ...(raw.outcome !== null && { outcome: raw.outcome }),
  ...(raw.number_key !== null && { numberKey: raw.number_key }),
  ...(raw.id_key !== null && { idKey: raw.id_key }),
  ...(raw.sealed !== null && { sealed: raw.sealed }),
  ...(raw.request_id !== null && { requestId: raw.request_id }),
  ...(raw.appointment_from !== null &&
    raw.appointment_to !== null && { appointment: { from: raw.appointment_from, to: raw.appointment_to } }),
  ...(raw.place !== null && { place: raw.place }),
  ...(raw.expected_from !== null &&
    raw.expected_to !== null && { expected: { from: raw.expected_from, to: raw.expected_to } }),
});

const periodOf = ({ state, from_at, to_at, service, counter, account_id }: RawPeriod): Period => ({
  ...{ state, from: from_at, service },
  ...(to_at !== null && { to: to_at }),
  ...(counter !== null && { counter }),
  ...(account_id !== null && { by: account_id }),
});

/** Who holds a ticket, by keyed hashes. */
export interface PersonKeys {
  readonly numberKey?: string;
  readonly idKey?: string;
}

export type TicketStore = ReturnType<typeof ticketStore>;

/** The SQL of tickets. */
export function ticketStore(db: Db) {
  // Indexes are named where the planner, without statistics, would read every ticket of two years.
  const insert = db.prepare(
    `INSERT INTO queue_ticket (id, hall, day, series, serial, number, key, service, class, source, state, since, taken_at, arrival,
       services, number_key, id_key, sealed, request_id, appointment_from, appointment_to, place, expected_from, expected_to,
       ordered_as)
     VALUES (@id, @hall, @day, @series, @serial, @number, @key, @service, @class, @source, @state, @since, @takenAt, @arrival,
       @services, @numberKey, @idKey, @sealed, @requestId, @appointmentFrom, @appointmentTo, @place, @expectedFrom, @expectedTo,
       @orderedAs)`,
  );
  const update = db.prepare(
    `UPDATE queue_ticket SET service = @service, class = @class, state = @state, since = @since, arrival = @arrival, front = @front,
       for_counter = @forCounter, counter = @counter, calls = @calls, services = @services, outcome = @outcome, sealed = @sealed
     WHERE id = @id`,
  );
  const putPeriod = db.prepare(
    `INSERT INTO queue_period (ticket_id, seq, state, from_at, to_at, service, counter, account_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (ticket_id, seq) DO UPDATE SET to_at = excluded.to_at`,
  );
  const byId = db.prepare<[string], Raw>('SELECT * FROM queue_ticket WHERE id = ?');
  const byKey = db.prepare<[string], Raw>('SELECT * FROM queue_ticket WHERE key = ?');
  const open = db.prepare<[string], Raw>(
    'SELECT * FROM queue_ticket INDEXED BY queue_ticket_open WHERE hall = ? AND open = 1 ORDER BY taken_at, id',
  );
  const atCounter = db.prepare<[string, string], Raw>(
    `SELECT * FROM queue_ticket INDEXED BY queue_ticket_at_counter WHERE counter = ? AND state IN ('called', 'serving') AND hall = ?`,
  );
  const orderedAs = db.prepare<[string], Raw>('SELECT * FROM queue_ticket WHERE ordered_as = ?');
  const openNumber = db.prepare<[string, string], { one: 1 }>(
    'SELECT 1 AS one FROM queue_ticket WHERE hall = ? AND number = ? AND open = 1',
  );
  const lastSerial = db.prepare<[string, string, string], { serial: number | null }>(
    'SELECT max(serial) AS serial FROM queue_ticket WHERE hall = ? AND day = ? AND series = ?',
  );
  const takenToday = db.prepare<[string, string, string], { count: number }>(
    `SELECT count(*) AS count FROM queue_ticket WHERE hall = ? AND day = ? AND state <> 'cancelled' AND json_extract(services, '$[0].service') = ?`,
  );
  const openOf = db.prepare<[string, string | null, string | null], Raw>(
    'SELECT * FROM queue_ticket INDEXED BY queue_ticket_open WHERE hall = ? AND open = 1 AND (number_key = ? OR id_key = ?)',
  );
  const periods = db.prepare<[string], RawPeriod>('SELECT * FROM queue_period WHERE ticket_id = ? ORDER BY seq');
  const ofDay = db.prepare<[string, string, string, number, number], Raw>(
    `SELECT * FROM queue_ticket WHERE hall = ? AND day = ? AND (series, serial) > (?, ?) ORDER BY series, serial LIMIT ?`,
  );
  const servings = db.prepare<[string, string], { counter: string; count: number; lasted: number }>(
    `SELECT p.counter, count(*) AS count, sum(p.to_at - p.from_at) AS lasted
     FROM queue_ticket t INDEXED BY queue_ticket_day CROSS JOIN queue_period p ON p.ticket_id = t.id
     WHERE t.hall = ? AND t.day = ? AND p.state = 'serving' AND p.to_at IS NOT NULL AND p.counter IS NOT NULL GROUP BY p.counter`,
  );
  const served = db.prepare<[string, string, number], { lasted: number }>(
    // From the newest period backwards, whatever statistics the planner has.
    `SELECT p.to_at - p.from_at AS lasted FROM queue_period p CROSS JOIN queue_ticket t ON t.id = p.ticket_id
     WHERE t.hall = ? AND p.service = ? AND p.state = 'serving' AND p.to_at IS NOT NULL ORDER BY p.to_at DESC LIMIT ?`,
  );
  const servedToday = db.prepare<[string, string], { count: number }>(
    `SELECT count(*) AS count FROM queue_ticket WHERE counter = ? AND day = ? AND state = 'finished' AND outcome = 'served'`,
  );
  const lastFinished = db.prepare<[string, string, string], Raw>(
    `SELECT * FROM queue_ticket WHERE hall = ? AND day = ? AND counter = ? AND state = 'finished' ORDER BY since DESC LIMIT 1`,
  );
  const missed = db.prepare<[string, string, number], Raw>(
    `SELECT * FROM queue_ticket INDEXED BY queue_ticket_missed WHERE state = 'no-show' AND hall = ? AND day = ? ORDER BY since DESC, id DESC LIMIT ?`,
  );
  const erase = db.prepare(
    `UPDATE queue_ticket SET sealed = NULL, number_key = NULL, id_key = NULL, ordered_as = NULL
     WHERE open = 0 AND since < ?
       AND (sealed IS NOT NULL OR number_key IS NOT NULL OR id_key IS NOT NULL OR ordered_as IS NOT NULL)`,
  );
  const drop = db.prepare('DELETE FROM queue_ticket WHERE open = 0 AND since < ?');

  const writePeriods = ({ id, periods: rows }: Pick<Ticket, 'id' | 'periods'>, from: number): void => {
    rows.forEach(({ state, from: at, to, service, counter, by }, seq) => {
      if (seq >= from) putPeriod.run(id, seq, state, at, to ?? null, service, counter ?? null, by ?? null);
    });
  };
  return {
    add: (row: Omit<TicketRow, keyof Ticket>, ticket: Ticket, orderedAs?: string): void => {
      insert.run({
        ...{ id: ticket.id, hall: row.hall, day: row.day, series: row.series, serial: row.serial, number: row.number },
        ...{ key: row.key, service: ticket.service, class: ticket.class, source: row.source, state: ticket.state },
        ...{
          since: row.since,
          takenAt: row.takenAt,
          arrival: ticket.arrival,
          services: JSON.stringify(ticket.services),
        },
        numberKey: row.numberKey ?? null,
        idKey: row.idKey ?? null,
        sealed: row.sealed ?? null,
        requestId: row.requestId ?? null,
        appointmentFrom: row.appointment?.from ?? null,
        appointmentTo: row.appointment?.to ?? null,
        place: row.place ?? null,
        expectedFrom: row.expected?.from ?? null,
        expectedTo: row.expected?.to ?? null,
        orderedAs: orderedAs ?? null,
      });
      writePeriods(ticket, 0);
    },
    /** Writes what an action made of a ticket; `before` rows of its periods were there already, the last of them still open. */
    save: (ticket: Ticket, before: number, sealed: Uint8Array | undefined): void => {
      update.run({
        ...{
          id: ticket.id,
          service: ticket.service,
          class: ticket.class,
          state: ticket.state,
          arrival: ticket.arrival,
          calls: ticket.calls,
        },
        since: ticket.periods.at(-1)?.from,
        front: ticket.front ? 1 : 0,
        forCounter: ticket.forCounter ?? null,
        counter: ticket.counter ?? null,
        services: JSON.stringify(ticket.services),
        outcome: ticket.outcome ?? null,
        sealed: sealed ?? null,
      });
      writePeriods(ticket, Math.max(0, before - 1));
    },
    get: (id: string): TicketRow | undefined => {
      const raw = byId.get(id);
      return raw && rowOf(raw);
    },
    byKey: (key: string): TicketRow | undefined => {
      const raw = byKey.get(key);
      return raw && rowOf(raw);
    },
    /** What came of an order, by what whoever gave it calls it. */
    orderedAs: (name: string): TicketRow | undefined => {
      const raw = orderedAs.get(name);
      return raw && rowOf(raw);
    },
    /** Called to a counter or served there. */
    at: (hall: string, counter: string): TicketRow | undefined => {
      const raw = atCounter.get(counter, hall);
      return raw && rowOf(raw);
    },
    /** Every ticket of a hall that has not ended, by when it was taken. */
    open: (hall: string): readonly TicketRow[] => open.all(hall).map(rowOf),
    isOpen: (hall: string, number: string): boolean => openNumber.get(hall, number) !== undefined,
    lastSerial: (hall: string, day: string, series: string): number => lastSerial.get(hall, day, series)?.serial ?? 0,
    /** How many were taken for a service; transfers do not count, nor what was given back. */
    takenOn: (hall: string, day: string, service: string): number => takenToday.get(hall, day, service)?.count ?? 0,
    openOf: (hall: string, { numberKey, idKey }: PersonKeys): readonly TicketRow[] =>
      openOf.all(hall, numberKey ?? null, idKey ?? null).map(rowOf),
    periods: (id: string): readonly Period[] => periods.all(id).map(periodOf),
    /** The newest of those that were called and did not come. */
    missed: (hall: string, day: string, most: number): readonly TicketRow[] => missed.all(hall, day, most).map(rowOf),
    /** How long a service took lately, the newest first, in milliseconds. */
    served: (hall: string, service: string, most: number): readonly number[] =>
      served.all(hall, service, most).map(({ lasted }) => lasted),
    /** How often somebody was served at each counter on a day, and how long that took in all. */
    servings: (hall: string, day: string) => new Map(servings.all(hall, day).map((row) => [row.counter, row])),
    /** Whose visit to a counter ended last. */
    lastFinished: (hall: string, day: string, counter: string): TicketRow | undefined => {
      const raw = lastFinished.get(hall, day, counter);
      return raw && rowOf(raw);
    },
    finishedAt: (counter: string, day: string): number => servedToday.get(counter, day)?.count ?? 0,
    /** Tickets of a day in the order of their numbers, so many at most, from after one on. */
    ofDay: (
      hall: string,
      day: string,
      most: number,
      after?: Pick<TicketRow, 'series' | 'serial'>,
    ): readonly TicketRow[] => ofDay.all(hall, day, after?.series ?? '', after?.serial ?? -1, most).map(rowOf),
    /** Forgets who held tickets that ended before; returns how many. */
    erase: (before: EpochMs): number => erase.run(before).changes,
    drop: (before: EpochMs): number => drop.run(before).changes,
  };
}
