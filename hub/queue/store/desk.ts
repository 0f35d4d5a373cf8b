import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';

/** Who works at a counter. */
export interface CounterRow {
  readonly counter: string;
  readonly hall: string;
  readonly state: 'open' | 'break' | 'closed';
  /** Grows with every session: an order of an older one is refused. */
  readonly epoch: number;
  readonly lease: string | null;
  readonly accountId: string | null;
  readonly accountName: string | null;
  /** What whoever sits there does; null: all that is done at the counter. */
  readonly services: readonly string[] | null;
  readonly since: EpochMs;
  /** YYYY-MM-DD on which it was opened. */
  readonly day: string;
}

/** What boards of a hall show beside its numbers. */
export interface NoticeRow {
  readonly hall: string;
  readonly zh: string;
  readonly en: string;
  /** YYYY-MM-DD. */
  readonly day: string;
  readonly until: EpochMs | null;
}

export interface CallRow {
  readonly seq: number;
  readonly hall: string;
  readonly day: string;
  readonly ticketId: string;
  readonly number: string;
  readonly service: string;
  readonly counter: string;
  readonly at: EpochMs;
  /** How often it had been called then, this time included. */
  readonly times: number;
  readonly firstTier: boolean;
}

export interface RatingRow {
  readonly hall: string;
  readonly day: string;
  readonly counter: string;
  readonly ticketId?: string;
  readonly service?: string;
  readonly accountId?: string;
  readonly score: number;
  readonly at: EpochMs;
}

type RawCounter = Omit<CounterRow, 'services'> & { readonly services: string | null };
type RawCall = Omit<CallRow, 'firstTier'> & { readonly firstTier: number };

const COUNTER =
  'counter, hall, state, epoch, lease, account_id AS accountId, account_name AS accountName, services, since, day';
const CALL = 'seq, hall, day, ticket_id AS ticketId, number, service, counter, at, times, first_tier AS firstTier';

export type DeskStore = ReturnType<typeof deskStore>;

/** The SQL of counters, calls and ratings. */
export function deskStore(db: Db) {
  const counters = db.prepare<[string], RawCounter>(`SELECT ${COUNTER} FROM queue_counter WHERE hall = ?`);
  const counter = db.prepare<[string], RawCounter>(`SELECT ${COUNTER} FROM queue_counter WHERE counter = ?`);
  const put = db.prepare(
    `INSERT INTO queue_counter (counter, hall, state, epoch, lease, account_id, account_name, services, since, day)
     VALUES (@counter, @hall, @state, @epoch, @lease, @accountId, @accountName, @services, @since, @day)
     ON CONFLICT (counter) DO UPDATE SET hall = excluded.hall, state = excluded.state, epoch = excluded.epoch, lease = excluded.lease,
       account_id = excluded.account_id, account_name = excluded.account_name, services = excluded.services, since = excluded.since,
       day = excluded.day`,
  );
  const addCall = db.prepare(
    `INSERT INTO queue_call (hall, day, ticket_id, number, service, counter, at, times, first_tier)
     VALUES (@hall, @day, @ticketId, @number, @service, @counter, @at, @times, @firstTier)`,
  );
  const lastCalls = db.prepare<[string, string, number], RawCall>(
    `SELECT ${CALL} FROM queue_call WHERE hall = ? AND day = ? ORDER BY seq DESC LIMIT ?`,
  );
  const turns = db.prepare<[string, string, number], { first: number }>(
    'SELECT first_tier AS first FROM queue_call WHERE hall = ? AND day = ? AND times = 1 ORDER BY seq DESC LIMIT ?',
  );
  const callsSince = db.prepare<[string, number, string], { count: number }>(
    'SELECT count(DISTINCT ticket_id) AS count FROM queue_call WHERE hall = ? AND seq > ? AND ticket_id <> ?',
  );
  const lastCallOf = db.prepare<[string], RawCall>(
    `SELECT ${CALL} FROM queue_call WHERE ticket_id = ? ORDER BY seq DESC LIMIT 1`,
  );
  const lastAt = db.prepare<[string, string, string], RawCall>(
    `SELECT ${CALL} FROM queue_call WHERE hall = ? AND day = ? AND counter = ? ORDER BY seq DESC LIMIT 1`,
  );
  const rate = db.prepare(
    `INSERT INTO queue_rating (hall, day, counter, ticket_id, service, account_id, score, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (ticket_id) DO NOTHING`,
  );
  const ratings = db.prepare<
    [string, string, string],
    Omit<RatingRow, 'ticketId'> & { readonly ticketId: string | null }
  >(
    `SELECT hall, day, counter, ticket_id AS ticketId, service, account_id AS accountId, score, at FROM queue_rating
     WHERE hall = ? AND day BETWEEN ? AND ?`,
  );
  const ordered = db.prepare<[string], { epoch: number }>('SELECT epoch FROM queue_order WHERE name = ?');
  const putOrder = db.prepare('INSERT INTO queue_order (name, epoch, at) VALUES (?, ?, ?)');
  const forgetOrders = db.prepare('DELETE FROM queue_order WHERE at < ?');
  const notice = db.prepare<[string], NoticeRow>('SELECT hall, zh, en, day, until FROM queue_notice WHERE hall = ?');
  const putNotice = db.prepare(
    `INSERT INTO queue_notice (hall, zh, en, day, until) VALUES (@hall, @zh, @en, @day, @until)
     ON CONFLICT (hall) DO UPDATE SET zh = excluded.zh, en = excluded.en, day = excluded.day, until = excluded.until`,
  );
  const dropNotice = db.prepare('DELETE FROM queue_notice WHERE hall = ?');
  const counterOf = (raw: RawCounter): CounterRow => ({
    ...raw,
    services: raw.services === null ? null : (JSON.parse(raw.services) as readonly string[]),
  });
  const callOf = (raw: RawCall): CallRow => ({ ...raw, firstTier: raw.firstTier === 1 });
  return {
    counters: (hall: string): readonly CounterRow[] => counters.all(hall).map(counterOf),
    counter: (id: string): CounterRow | undefined => {
      const raw = counter.get(id);
      return raw && counterOf(raw);
    },
    putCounter: (row: CounterRow): void => {
      put.run({ ...row, services: row.services === null ? null : JSON.stringify(row.services) });
    },
    addCall: (call: Omit<CallRow, 'seq'>): void => {
      addCall.run({ ...call, firstTier: call.firstTier ? 1 : 0 });
    },
    /** The newest first, recalls among them. */
    calls: (hall: string, day: string, most: number): readonly CallRow[] => lastCalls.all(hall, day, most).map(callOf),
    /** Whether the last tickets called were of the first tier, the newest first; recalls do not count. */
    turns: (hall: string, day: string, most: number): readonly boolean[] =>
      turns.all(hall, day, most).map(({ first }) => first === 1),
    /** How many others were called in the hall since this ticket last was; undefined: it never was. */
    othersSince: (hall: string, ticketId: string): number | undefined => {
      const last = lastCallOf.get(ticketId);
      return last && (callsSince.get(hall, last.seq, ticketId)?.count ?? 0);
    },
    /** Who was last called to a counter. */
    lastAt: (hall: string, day: string, at: string): CallRow | undefined => {
      const raw = lastAt.get(hall, day, at);
      return raw && callOf(raw);
    },
    notice: (hall: string): NoticeRow | undefined => notice.get(hall),
    setNotice: (hall: string, row: Omit<NoticeRow, 'hall'> | undefined): void => {
      if (row) putNotice.run({ ...row, hall });
      else dropNotice.run(hall);
    },
    /** In which session of its counter an order was carried out; undefined: it has not been. */
    orderedIn: (name: string): number | undefined => ordered.get(name)?.epoch,
    putOrder: (name: string, epoch: number, at: EpochMs): void => {
      putOrder.run(name, epoch, at);
    },
    forgetOrders: (before: EpochMs): number => forgetOrders.run(before).changes,
    /** A ticket is rated once. */
    rate: ({ hall, day, counter: at, ticketId, service, accountId, score, at: when }: RatingRow): boolean =>
      rate.run(hall, day, at, ticketId ?? null, service ?? null, accountId ?? null, score, when).changes > 0,
    ratings: (hall: string, from: string, to: string) => ratings.all(hall, from, to),
  };
}
