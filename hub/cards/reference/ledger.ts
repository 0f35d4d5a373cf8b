import type { Clock, Result } from '@hallhub/sync/base';
import { failure, ok, uuidv7 } from '@hallhub/sync/base';
import type { RandomBytes } from '@hallhub/sync/base';
import type { Db, SchemaComponent } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { CardAccount, CardAccountPort, CardTransaction } from '../ports.ts';

/** The card system of the reference implementation: accounts and their bookings in SQLite. */
export const ledgerSchema: SchemaComponent = {
  component: 'card-ledger',
  migrations: [
    {
      name: 'accounts and bookings',
      sql: `
        CREATE TABLE ledger_account (
          card_id TEXT PRIMARY KEY,
          person TEXT NOT NULL UNIQUE,
          card_number TEXT NOT NULL,
          state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'lost', 'frozen'))
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE ledger_booking (
          seq INTEGER PRIMARY KEY,
          id TEXT NOT NULL UNIQUE,
          card_id TEXT NOT NULL REFERENCES ledger_account,
          at INTEGER NOT NULL,
          amount INTEGER NOT NULL CHECK (amount <> 0),
          balance INTEGER NOT NULL CHECK (balance >= 0),
          zh TEXT NOT NULL,
          en TEXT NOT NULL,
          -- What makes a second credit of one order impossible.
          order_id TEXT UNIQUE,
          -- A credit waits on the account until the vendor's machine writes it to the card.
          claimed_at INTEGER
        ) STRICT;
        CREATE INDEX ledger_booking_card ON ledger_booking (card_id, seq);`,
    },
  ],
};

export interface Ledger extends CardAccountPort {
  /** False: it is there already. */
  open(account: { readonly cardId: string; readonly number: string; readonly cardNumber: string }): boolean;
  /** Money in or out that is no top-up. Errors: `E-PAY-0101`, `E-PAY-0104` less than nothing would be left. */
  book(
    cardId: string,
    booking: { readonly amount: number; readonly text: { readonly zh: string; readonly en: string } },
  ): Result<void>;
  setState(cardId: string, state: CardAccount['state']): void;
  /** The credits of an order: one at the most, whatever happens. */
  creditsOf(orderId: string): number;
}

interface Booking {
  readonly id: string;
  readonly at: CardTransaction['at'];
  readonly amount: number;
  readonly balance: number;
  readonly zh: string;
  readonly en: string;
}

/** @param deps.db migrated with {@link ledgerSchema}; the hub's own or another */
export function createLedger(deps: { readonly db: Db; readonly clock: Clock; readonly random: RandomBytes }): Ledger {
  const { db, clock } = deps;
  const account = db.prepare<[string], { cardId: string; cardNumber: string; state: CardAccount['state'] }>(
    'SELECT card_id AS cardId, card_number AS cardNumber, state FROM ledger_account WHERE person = ?',
  );
  const byCard = db.prepare<[string], { person: string; state: CardAccount['state'] }>(
    'SELECT person, state FROM ledger_account WHERE card_id = ?',
  );
  const balance = db
    .prepare<[string], number>('SELECT balance FROM ledger_booking WHERE card_id = ? ORDER BY seq DESC LIMIT 1')
    .pluck();
  const pending = db
    .prepare<[string], number>(
      'SELECT coalesce(sum(amount), 0) FROM ledger_booking WHERE card_id = ? AND order_id IS NOT NULL AND claimed_at IS NULL',
    )
    .pluck();
  const insert = db.prepare(
    'INSERT INTO ledger_booking (id, card_id, at, amount, balance, zh, en, order_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const ofOrder = db.prepare<[string], number>('SELECT count(*) FROM ledger_booking WHERE order_id = ?').pluck();
  const page = db.prepare<[string, number, number], Booking>(
    'SELECT id, at, amount, balance, zh, en FROM ledger_booking WHERE card_id = ? AND at < ? ORDER BY seq DESC LIMIT ?',
  );
  const setState = db.prepare('UPDATE ledger_account SET state = ? WHERE card_id = ?');
  const add = db.prepare(
    'INSERT INTO ledger_account (card_id, person, card_number) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const lookup = (number: string): Result<CardAccount> => {
    const row = account.get(number);
    if (!row) return failure('E-PAY-0101');
    const waiting = pending.get(row.cardId) ?? 0;
    return ok({ ...row, balance: (balance.get(row.cardId) ?? 0) - waiting, pending: waiting });
  };
  const book = (
    cardId: string,
    amount: number,
    { zh, en }: { readonly zh: string; readonly en: string },
    orderId?: string,
  ): Result<void> => {
    const next = (balance.get(cardId) ?? 0) + amount;
    if (next < 0) return failure('E-PAY-0104');
    const now = clock.now();
    insert.run(uuidv7(now, deps.random), cardId, now, amount, next, zh, en, orderId ?? null);
    return ok();
  };

  return {
    can: ['transactions', 'report-lost', 'top-up'],
    lookup: (number) => Promise.resolve(lookup(number)),
    transactions: (cardId, { before, limit }) =>
      Promise.resolve(
        ok(
          page
            .all(cardId, before ?? Number.MAX_SAFE_INTEGER, limit)
            .map(({ zh, en, ...booking }) => ({ ...booking, text: { zh, en } })),
        ),
      ),
    reportLost: (cardId) => {
      setState.run('lost', cardId);
      const row = byCard.get(cardId);
      return Promise.resolve(row ? lookup(row.person) : failure('E-PAY-0101'));
    },
    createTopUp: ({ orderId, cardId, amount }) =>
      Promise.resolve(
        transact(db, () => {
          if ((ofOrder.get(orderId) ?? 0) > 0) return ok('credited' as const);
          const row = byCard.get(cardId);
          if (row?.state !== 'active') return failure('E-PAY-0104');
          const booked = book(cardId, amount, { zh: '自助充值', en: 'Top-up' }, orderId);
          return booked.ok ? ok('credited' as const) : booked;
        }),
      ),
    queryTopUp: (orderId) => Promise.resolve(ok((ofOrder.get(orderId) ?? 0) > 0 ? 'credited' : 'none')),
    open: ({ cardId, number, cardNumber }) => add.run(cardId, number, cardNumber).changes > 0,
    book: (cardId, { amount, text }) =>
      transact(db, () => (byCard.get(cardId) ? book(cardId, amount, text) : failure('E-PAY-0101'))),
    setState: (cardId, state) => {
      setState.run(state, cardId);
    },
    creditsOf: (orderId) => ofOrder.get(orderId) ?? 0,
  };
}
