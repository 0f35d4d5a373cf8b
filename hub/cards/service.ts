import { randomUUID } from 'node:crypto';
import type { Cancel, Clock, EpochMs, Result } from '@hallhub/sync/base';
import { failure, ok, seconds, sleep } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { CardTransactionView, CardView, TopUpView } from '../kiosks/contract.ts';
import type { Vault } from '../vault/index.ts';
import type { CardAccount, CardAccountPort, PaymentPort } from './ports.ts';
import type { Resolution, TopUp, TopUpEffect, TopUpInput, TopUpStep } from './rules.ts';
import { hasEnded, needsRefundOutside, newTopUp, resumeTopUp, stepTopUp } from './rules.ts';

/** An order as staff see it. */
export interface TopUpRow extends TopUpView {
  readonly kioskId: string;
  readonly createdAt: EpochMs;
  readonly changedAt: EpochMs;
  /** Staff want the money to go back, and the card's system has not said yet that nothing arrived. */
  readonly refundWanted: boolean;
  /** The money should go back, and the payment service has refused that or takes too long: a person must give it back. */
  readonly refundStuck: boolean;
}

/** Campus cards for their holders; errors are those of the ports. `number` is 学号 or 工号. */
export interface Cards {
  card(number: string): Promise<Result<CardView>>;
  transactions(number: string, before: EpochMs | undefined): Promise<Result<readonly CardTransactionView[]>>;
  reportLost(number: string): Promise<Result<CardView>>;
  /**
   * Resolves when there is a code to show, or it is known that there will be none. Errors: `E-PAY-0204`, `E-PAY-0206`.
   *
   * @param place.orderedAs the caller's name for this one order: the same again is the same top-up; `E-PAY-0208` where it
   *   stands for another
   */
  topUp(
    number: string,
    amount: number,
    place: { readonly kioskId: string; readonly orderedAs: string },
  ): Promise<Result<TopUpView>>;
  /** Only at the kiosk where it was begun. Errors: `E-PAY-0203`. */
  order(orderId: string, kioskId: string): Result<TopUpView>;
  cancel(orderId: string, kioskId: string): Result<TopUpView>;
  /** Orders that have not ended, the oldest first. */
  open(): readonly TopUpRow[];
  /**
   * A person has looked what became of the credit; audited. `refund` asks the card's system once more, and gives nothing back
   * when the credit has arrived meanwhile; `refunded-outside` ends a refund that the payment service does not make. Errors: `E-PAY-0203`, `E-PAY-0205`.
   */
  resolve(orderId: string, as: Resolution, by: string, reason: string): Result<TopUpRow>;
  /** Orders that ended before `before`; how many. One that has not ended stays, however old. */
  forget(before: EpochMs): number;
  onChange(listener: (orderId: string) => void): Cancel;
  start(): void;
  stop(): Promise<void>;
}

/** What may be topped up, in fen. */
const AMOUNTS = [1_000, 2_000, 5_000, 10_000, 20_000];
const PAGE = 20;
const TITLE = '校园卡充值';
/** A person waits before the screen: after so long they are told that there is no code. */
const CODE_WITHIN = seconds(10);

interface Row {
  readonly orderId: string;
  readonly sealed: Uint8Array;
  readonly kioskId: string;
}

export function createCards(deps: {
  readonly accounts: CardAccountPort;
  readonly payments: PaymentPort;
  readonly db: Db;
  readonly clock: Clock;
  readonly vault: Pick<Vault, 'match' | 'sealer'>;
  readonly audit: Audit;
  /** Never given personal data. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): Cards {
  const { accounts, payments, db, clock, vault } = deps;
  const columns = 'order_id AS orderId, sealed, kiosk_id AS kioskId';
  const get = db.prepare<[string], Row>(`SELECT ${columns} FROM card_top_up WHERE order_id = ?`);
  const unfinished = db.prepare<[], Row>(
    `SELECT ${columns} FROM card_top_up WHERE state NOT IN ('credited', 'closed', 'refunded') ORDER BY created_at`,
  );
  const isUnderWay = db
    .prepare<[Uint8Array], number>(
      `SELECT 1 FROM card_top_up WHERE card_key = ? AND state IN ('created', 'paying', 'paid', 'crediting')`,
    )
    .pluck();
  const insert = db.prepare(
    `INSERT INTO card_top_up (order_id, card_key, state, amount, sealed, kiosk_id, created_at, changed_at, ordered_as)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const ordered = db.prepare<[string], { orderId: string; cardKey: Buffer; amount: number }>(
    'SELECT order_id AS orderId, card_key AS cardKey, amount FROM card_top_up WHERE ordered_as = ?',
  );
  const forget = db.prepare(
    `DELETE FROM card_top_up WHERE state IN ('credited', 'closed', 'refunded') AND changed_at < ?`,
  );
  const update = db.prepare('UPDATE card_top_up SET state = ?, sealed = ?, changed_at = ? WHERE order_id = ?');

  const listeners = new Set<(orderId: string) => void>();
  const walking = new Map<string, Promise<void>>();
  /** Of each order that is walked: wakes it from the pause before its next effect. */
  const wake = new Map<string, () => void>();
  const stopping = new AbortController();

  const context = (orderId: string): string => `top-up/${orderId}`;
  const seal = (order: TopUp): Uint8Array =>
    vault.sealer.seal(Buffer.from(JSON.stringify(order)), context(order.orderId));
  const open = ({ orderId, sealed }: Row): TopUp =>
    // Written by seal() above and by nothing else.
    JSON.parse(Buffer.from(vault.sealer.open(sealed, context(orderId))).toString('utf8')) as TopUp;
  const find = (orderId: string): { readonly order: TopUp; readonly kioskId: string } | undefined => {
    const row = get.get(orderId);
    return row && { order: open(row), kioskId: row.kioskId };
  };
  const save = (order: TopUp): void => {
    update.run(order.state, seal(order), order.changedAt, order.orderId);
    for (const listener of listeners) listener(order.orderId);
  };

  const perform = async ({ type }: TopUpEffect, order: TopUp): Promise<TopUpInput> => {
    const { orderId, cardId, amount, payUntil } = order;
    switch (type) {
      case 'create-payment':
        return {
          type: 'created',
          result: await payments.create({ orderId, amount, title: TITLE, expiresAt: payUntil }),
        };
      case 'query-payment':
        return { type: 'payment', result: await payments.query(orderId) };
      case 'close-payment':
        return { type: 'closed', result: await payments.close(orderId) };
      case 'credit':
        return { type: 'credit', result: await accounts.createTopUp({ orderId, cardId, amount }) };
      case 'query-credit':
        return { type: 'credit-query', result: await accounts.queryTopUp(orderId) };
      case 'refund':
        return { type: 'refund', result: await payments.refund(orderId, amount) };
      case 'query-refund':
        return { type: 'refund-query', result: await payments.queryRefund(orderId) };
    }
  };
  const pause = async (orderId: string, effect: TopUpEffect): Promise<void> => {
    if (effect.after === 0) return;
    const woken = new AbortController();
    wake.set(orderId, () => {
      woken.abort();
    });
    await sleep(clock, effect.after, AbortSignal.any([woken.signal, stopping.signal]));
    wake.delete(orderId);
  };
  const walk = async (orderId: string, first: TopUpStep): Promise<void> => {
    let step = first;
    for (;;) {
      save(step.order);
      const { effect } = step;
      if (!effect) return;
      await pause(orderId, effect);
      // What was committed is gone on with by the next start.
      if (stopping.signal.aborted) return;
      const before = find(orderId)?.order ?? step.order;
      // Somebody has decided meanwhile.
      if (before.state !== step.order.state) step = resumeTopUp(before, clock.now());
      else {
        const input = await perform(effect, before);
        const now = find(orderId)?.order ?? before;
        // Somebody may have decided while it was being asked.
        step = now.state === before.state ? stepTopUp(now, input, clock.now()) : resumeTopUp(now, clock.now());
        if (now.staffRefund !== undefined && step.order.state === 'credited') {
          deps.audit.record({ actor: 'hub', action: 'card.refund-not-needed', subject: `top-up:${orderId}` });
        }
      }
    }
  };
  const begin = (orderId: string, step: TopUpStep): void => {
    if (stopping.signal.aborted || walking.has(orderId)) return;
    const walked = walk(orderId, step)
      .catch((error: unknown) => {
        deps.log('error', 'a top-up was left where it is until the next start', { orderId, error });
      })
      .finally(() => walking.delete(orderId));
    walking.set(orderId, walked);
  };

  const viewOf = ({ orderId, amount, state, payUrl, payUntil }: TopUp): TopUpView => ({
    orderId,
    amount,
    state,
    ...(state === 'paying' && payUrl !== undefined && { payUrl, payUntil }),
  });
  const rowOf = (row: Row): TopUpRow => {
    const order = open(row);
    return {
      ...viewOf(order),
      kioskId: row.kioskId,
      createdAt: order.createdAt,
      changedAt: order.changedAt,
      refundStuck: needsRefundOutside(order, clock.now()),
      refundWanted: order.state === 'credit-unknown' && order.staffRefund !== undefined,
    };
  };
  const cardView = ({ cardNumber, balance, pending, state }: CardAccount): CardView => ({
    cardNumber: cardNumber.replace(/.(?=.{4})/g, '•'),
    balance,
    pending,
    state,
    can: accounts.can,
    amounts: accounts.can.includes('top-up') && state === 'active' ? AMOUNTS : [],
  });
  const hereOnly = (orderId: string, kioskId: string): Result<TopUp> => {
    const found = find(orderId);
    return found?.kioskId === kioskId ? ok(found.order) : failure('E-PAY-0203', orderId);
  };
  const offers = (ability: CardAccountPort['can'][number]): boolean => accounts.can.includes(ability);
  const codeShown = async (orderId: string): Promise<void> => {
    const shown = Promise.withResolvers<undefined>();
    const listener = (changed: string): void => {
      if (changed === orderId && find(orderId)?.order.state !== 'created') shown.resolve(undefined);
    };
    listeners.add(listener);
    listener(orderId);
    const patience = new AbortController();
    await Promise.race([shown.promise, sleep(clock, CODE_WITHIN, patience.signal)]);
    patience.abort();
    listeners.delete(listener);
  };

  /** The order once its code can be shown, or it is known that there will be none. */
  const offered = async (orderId: string): Promise<Result<TopUpView>> => {
    await codeShown(orderId);
    const order = find(orderId)?.order;
    // Nobody has seen a code: what may have been begun is closed again.
    if (order?.state === 'created') save(stepTopUp(order, { type: 'cancel' }, clock.now()).order);
    if (!order || order.state === 'created') return failure('E-PAY-0202');
    return order.state === 'closed' ? failure('E-PAY-0201') : ok(viewOf(order));
  };

  return {
    card: async (number) => {
      const found = await accounts.lookup(number);
      return found.ok ? ok(cardView(found.value)) : found;
    },
    transactions: async (number, before) => {
      if (!offers('transactions')) return failure('E-PAY-0103');
      const found = await accounts.lookup(number);
      if (!found.ok) return found;
      return accounts.transactions(found.value.cardId, { limit: PAGE, ...(before !== undefined && { before }) });
    },
    reportLost: async (number) => {
      if (!offers('report-lost')) return failure('E-PAY-0103');
      const found = await accounts.lookup(number);
      if (!found.ok) return found;
      const lost = await accounts.reportLost(found.value.cardId);
      return lost.ok ? ok(cardView(lost.value)) : lost;
    },
    topUp: async (number, amount, { kioskId, orderedAs }) => {
      if (!offers('top-up')) return failure('E-PAY-0103');
      if (!AMOUNTS.includes(amount)) return failure('E-PAY-0204');
      const found = await accounts.lookup(number);
      if (!found.ok) return found;
      const { cardId, state } = found.value;
      const cardKey = vault.match('card', cardId);
      const before = ordered.get(orderedAs);
      if (before) {
        const isSame = before.amount === amount && before.cardKey.equals(cardKey);
        return isSame ? offered(before.orderId) : failure('E-PAY-0208');
      }
      if (state !== 'active') return failure('E-PAY-0104');
      // WeChat takes up to 32 characters of letters and digits.
      const orderId = randomUUID().replaceAll('-', '');
      const first = newTopUp({ orderId, cardId, amount }, clock.now());
      const begun = transact(db, () => {
        if (isUnderWay.get(cardKey) !== undefined) return failure('E-PAY-0206');
        const { order } = first;
        const { createdAt, changedAt } = order;
        insert.run(orderId, cardKey, order.state, amount, seal(order), kioskId, createdAt, changedAt, orderedAs);
        return ok();
      });
      if (!begun.ok) return begun;
      begin(orderId, first);
      return offered(orderId);
    },
    order: (orderId, kioskId) => {
      const order = hereOnly(orderId, kioskId);
      return order.ok ? ok(viewOf(order.value)) : order;
    },
    cancel: (orderId, kioskId) => {
      const order = hereOnly(orderId, kioskId);
      if (!order.ok) return order;
      const { order: cancelled } = stepTopUp(order.value, { type: 'cancel' }, clock.now());
      if (!hasEnded(cancelled)) save(cancelled);
      wake.get(orderId)?.();
      return ok(viewOf(cancelled));
    },
    open: () => unfinished.all().map(rowOf),
    resolve: (orderId, as, by, reason) => {
      const found = find(orderId);
      if (!found) return failure('E-PAY-0203', orderId);
      const { order, effect } = stepTopUp(found.order, { type: 'resolve', as }, clock.now());
      if (order === found.order) return failure('E-PAY-0205', order.state);
      transact(db, () => {
        update.run(order.state, seal(order), order.changedAt, orderId);
        deps.audit.record({
          actor: by,
          action: 'card.resolve-top-up',
          subject: `top-up:${orderId}`,
          detail: { as, reason },
        });
      });
      for (const listener of listeners) listener(orderId);
      if (walking.has(orderId)) wake.get(orderId)?.();
      else begin(orderId, { order, ...(effect && { effect }) });
      const row = get.get(orderId);
      return row ? ok(rowOf(row)) : failure('E-PAY-0203', orderId);
    },
    forget: (before) => forget.run(before).changes,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: () => {
      for (const row of unfinished.all()) begin(row.orderId, resumeTopUp(open(row), clock.now()));
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(walking.values());
    },
  };
}
