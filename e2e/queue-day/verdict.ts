import { openDatabase } from '@hallhub/sync/sqlite';
import type { BoardView } from '../../hub/queue/contract.ts';
import { HALL } from './hall.ts';
import type { BoardWatch, DayNotes, StayNote } from './people.ts';
import { standing } from './people.ts';

export interface DayVerdict {
  readonly counts: Readonly<Record<string, number>>;
  /** What must never happen and did, in words; empty when all is well. */
  readonly violations: readonly string[];
}

interface TicketRow {
  readonly id: string;
  readonly day: string;
  readonly number: string;
  readonly state: string;
  readonly counter: string | null;
}

export interface PeriodRow {
  readonly ticket: string;
  readonly state: string;
  readonly counter: string | null;
  readonly from: number;
  readonly to: number | null;
}

export interface CallRow {
  readonly ticket: string;
  readonly counter: string;
  readonly at: number;
  readonly times: number;
}

const ENDED = new Set(['finished', 'no-show', 'cancelled', 'expired']);

/**
 * Compares what everybody was told with the hub's rows.
 *
 * @param database read while nobody does anything any more. @param snapshot the board as the hub has it then
 */
export function verdictOf(
  database: string,
  notes: DayNotes,
  { boards, snapshot }: { readonly boards: readonly BoardWatch[]; readonly snapshot: BoardView },
): DayVerdict {
  const db = openDatabase({ file: database, readonly: true });
  try {
    const tickets = db
      .prepare<[string, string], TicketRow>(
        'SELECT id, day, number, state, counter FROM queue_ticket WHERE hall = ? AND day = ?',
      )
      .all(HALL, snapshot.day);
    const periods = db
      .prepare<[string, string], PeriodRow>(
        `SELECT ticket_id AS ticket, p.state, p.counter, from_at AS "from", to_at AS "to" FROM queue_period p
         JOIN queue_ticket t ON t.id = p.ticket_id WHERE t.hall = ? AND t.day = ? ORDER BY ticket_id, seq`,
      )
      .all(HALL, snapshot.day);
    const calls = db
      .prepare<[string, string], CallRow>(
        `SELECT ticket_id AS ticket, counter, at, times FROM queue_call WHERE hall = ? AND day = ? ORDER BY seq`,
      )
      .all(HALL, snapshot.day);
    const integrity: unknown = db.pragma('integrity_check', { simple: true });
    const broken = brokenLives(tickets, periods);
    const behind = boards.filter((board) => !isSame(board, snapshot)).length;
    const violations = [
      ...ticketFaults(tickets, notes),
      ...broken,
      ...calledTwice(periods, calls),
      ...doubleStays(notes.stays),
      ...strangeStays(tickets, notes.stays),
      ...(behind > 0 ? [`${behind} boards do not show what the hub has`] : []),
      ...(integrity === 'ok' ? [] : [`integrity check: ${String(integrity)}`]),
    ];
    const inState = (state: string): number => tickets.filter((ticket) => ticket.state === state).length;
    return {
      counts: {
        ...{ tickets: tickets.length, told: notes.taken.length, repeatedOrders: notes.repeated },
        ...{ finished: inState('finished'), noShow: inState('no-show') },
        stillOpen: tickets.filter(({ state }) => !ENDED.has(state)).length,
        printed: notes.taken.filter(({ paper }) => paper === 'printed').length,
        ...{ calls: notes.stays.length, boards: boards.length },
      },
      violations,
    };
  } finally {
    db.close();
  }
}

const isSame = (board: BoardWatch, snapshot: BoardView): boolean => {
  const view = board.view();
  return view !== undefined && JSON.stringify(standing(view)) === JSON.stringify(standing(snapshot));
};

/** Whether every board shows what the hub has: the last change is on its way for a moment. */
export const boardsAgree = (boards: readonly BoardWatch[], snapshot: BoardView): boolean =>
  boards.every((board) => isSame(board, snapshot));

/** One order one ticket, one ticket one number: none lost that somebody holds, none there that nobody was given. */
function ticketFaults(tickets: readonly TicketRow[], { taken }: DayNotes): readonly string[] {
  const told = new Map(taken.map(({ id, number }) => [id, number]));
  const there = new Map(tickets.map(({ id, number }) => [id, number]));
  return [
    ...doubles(taken.map(({ id }) => id)).map((id) => `${id} was given to two people`),
    ...doubles(tickets.map(({ day, number }) => `${number} of ${day}`)).map((number) => `two tickets have ${number}`),
    ...[...told].flatMap(([id, number]) => {
      const row = there.get(id);
      if (row === undefined) return [`${id} was given and is lost`];
      return row === number ? [] : [`${id} was given as ${number} and is ${row}`];
    }),
    ...[...there.keys()].filter((id) => !told.has(id)).map((id) => `${id} is there and nobody was given it`),
  ];
}

/** Each ticket's rows follow one another without a gap, only those that have not ended are open, and a counter has one ticket. */
function brokenLives(tickets: readonly TicketRow[], periods: readonly PeriodRow[]): readonly string[] {
  const faults: string[] = [];
  const of = Map.groupBy(periods, ({ ticket }) => ticket);
  for (const { id, state } of tickets) {
    const rows = of.get(id) ?? [];
    if (rows.at(-1)?.state !== state)
      faults.push(`${id} is ${state}, and its last row ${rows.at(-1)?.state ?? 'missing'}`);
    rows.forEach(({ from, to }, index) => {
      const next = rows[index + 1];
      if (next ? next.from !== to : (to === null) === ENDED.has(state))
        faults.push(`${id} has a gap after row ${index}`);
      if (to !== null && to < from) faults.push(`${id} has a row that ends before it begins`);
    });
  }
  const atCounters = tickets.flatMap(({ state, counter }) =>
    state === 'called' || state === 'serving' ? [counter ?? 'nowhere'] : [],
  );
  return [...faults, ...doubles(atCounters).map((counter) => `${counter} has two tickets`)];
}

/** From where somebody may be called: in line, put aside, or missed. Whoever is called, served or has finished is not called. */
const CALLED_FROM = new Set(['created', 'waiting', 'held', 'parked', 'no-show', undefined]);

/**
 * Nobody is called twice: each call that the hub kept is the beginning of one way to one counter, or a recall during it, and each
 * way has one beginning.
 */
export function calledTwice(periods: readonly PeriodRow[], calls: readonly CallRow[]): readonly string[] {
  const callsOf = Map.groupBy(calls, ({ ticket }) => ticket);
  const rowsOf = Map.groupBy(periods, ({ ticket }) => ticket);
  return [...new Set([...callsOf.keys(), ...rowsOf.keys()])].flatMap((ticket) => {
    const rows = rowsOf.get(ticket) ?? [];
    const ways = rows.flatMap((row, index) =>
      row.state === 'called' ? [{ row, before: rows[index - 1]?.state }] : [],
    );
    const begun = new Set<PeriodRow>();
    const strays = (callsOf.get(ticket) ?? []).filter(({ counter, at, times }, index, mine) => {
      // Several within one millisecond: the first that has no beginning yet.
      const fits = ways.filter(({ row }) => row.counter === counter && row.from <= at && at <= (row.to ?? at));
      const fresh = fits.find(({ row }) => !begun.has(row));
      if (fresh) begun.add(fresh.row);
      return fits.length === 0 || (!fresh && times <= (mine[index - 1]?.times ?? 0));
    });
    return [
      ...strays.map(({ counter }) => `${ticket} was called to ${counter} once more`),
      ...ways.filter(({ row }) => !begun.has(row)).map(({ row }) => `${ticket} went to ${row.counter ?? '?'} uncalled`),
      ...ways
        .filter(({ before }) => !CALLED_FROM.has(before))
        .map(() => `${ticket} was called while it was at a counter`),
    ];
  });
}

/** Two counters that both knew a ticket to be there at the same time. */
function doubleStays(stays: readonly StayNote[]): readonly string[] {
  return [...Map.groupBy(stays, ({ ticket }) => ticket)].flatMap(([ticket, mine]) => {
    const sorted = mine.toSorted((a, b) => a.from - b.from);
    return sorted.flatMap(({ from, counter }, index) => {
      const before = sorted[index - 1];
      const overlaps = before !== undefined && before.counter !== counter && from < (before.until ?? Infinity);
      return overlaps ? [`${ticket} was at ${before.counter} and at ${counter}`] : [];
    });
  });
}

const strangeStays = (tickets: readonly TicketRow[], stays: readonly StayNote[]): readonly string[] => {
  const known = new Set(tickets.map(({ id }) => id));
  return stays.filter(({ ticket }) => !known.has(ticket)).map(({ ticket }) => `${ticket} was called and is lost`);
};

function doubles(list: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return list.filter((one) => seen.has(one) || !seen.add(one));
}
