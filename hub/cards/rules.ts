import type { DurationMs, EpochMs, Result } from '@hallhub/sync/base';
import { hours, minutes, ms, plus, seconds } from '@hallhub/sync/base';

/*
 * A top-up, from the code on the screen to the money on the card or back with its owner.
 *
 *   created → paying → paid → crediting → credited
 *      │         │                │  └─→ credit-unknown → credited | refunding → refunded
 *      └─────────┴─→ closed       └─→ refunding
 *
 * A payment that was closed is asked for once more, for it may have been paid just before. A credit is asked for once and never
 * again: when no answer comes, it is only queried. Money goes back by itself only when the card's system refused the credit, or has
 * not seen it for so long that it cannot come any more; before that a person decides. Whoever decides that the money goes back has
 * looked a while ago: the card's system is asked once more, and the money goes back only when it says that nothing has arrived.
 */

export type TopUpState =
  'created' | 'paying' | 'paid' | 'crediting' | 'credited' | 'credit-unknown' | 'closed' | 'refunding' | 'refunded';

export interface TopUp {
  readonly orderId: string;
  readonly cardId: string;
  readonly amount: number;
  readonly state: TopUpState;
  readonly createdAt: EpochMs;
  readonly changedAt: EpochMs;
  readonly payUntil: EpochMs;
  readonly payUrl?: string;
  /** The person does not want it any more, or nobody has seen the code. */
  readonly isCancelled: boolean;
  /** The payment service was told to close, and said that it did. */
  readonly isClosed: boolean;
  /** A refund may have been asked for. */
  readonly refundBegun: boolean;
  /**
   * Staff want the money to go back. `wanted`: the question that may be under way was put before that, and its answer does not
   * count; `confirming`: the next one does.
   */
  readonly staffRefund?: 'wanted' | 'confirming';
}

export type TopUpEffect =
  | { readonly type: 'create-payment'; readonly after: DurationMs }
  | { readonly type: 'query-payment'; readonly after: DurationMs }
  | { readonly type: 'close-payment'; readonly after: DurationMs }
  | { readonly type: 'credit'; readonly after: DurationMs }
  | { readonly type: 'query-credit'; readonly after: DurationMs }
  | { readonly type: 'refund'; readonly after: DurationMs }
  | { readonly type: 'query-refund'; readonly after: DurationMs };

export type TopUpInput =
  | { readonly type: 'created'; readonly result: Result<{ readonly payUrl: string }> }
  | { readonly type: 'payment'; readonly result: Result<'not-paid' | 'paid' | 'closed'> }
  | { readonly type: 'closed'; readonly result: Result<void> }
  | { readonly type: 'credit'; readonly result: Result<'credited' | 'pending'> }
  | { readonly type: 'credit-query'; readonly result: Result<'credited' | 'pending' | 'none'> }
  | { readonly type: 'refund'; readonly result: Result<'refunded' | 'pending'> }
  | { readonly type: 'refund-query'; readonly result: Result<'refunded' | 'pending' | 'none'> }
  /** Told between two effects. */
  | { readonly type: 'cancel' }
  | { readonly type: 'resolve'; readonly as: 'credited' | 'refund' };

export interface TopUpStep {
  readonly order: TopUp;
  /** What is to be done next, after the order has been committed; absent: nothing, or a person decides. */
  readonly effect?: TopUpEffect;
}

export const topUpTimes = {
  /** How long a code may be paid; WeChat recommends three to five minutes. */
  payWithin: minutes(3),
  pollEvery: ms(2_500),
  retryEvery: seconds(10),
  queryCreditEvery: seconds(30),
  /** The card's system has closed its day: a credit that it has not seen by then cannot come any more. */
  creditSettled: hours(24),
} as const;

export const hasEnded = ({ state }: TopUp): boolean =>
  state === 'credited' || state === 'closed' || state === 'refunded';

const soon = ms(0);

export function newTopUp(order: Pick<TopUp, 'orderId' | 'cardId' | 'amount'>, now: EpochMs): TopUpStep {
  return {
    order: {
      ...order,
      state: 'created',
      createdAt: now,
      changedAt: now,
      payUntil: plus(now, topUpTimes.payWithin),
      isCancelled: false,
      isClosed: false,
      refundBegun: false,
    },
    effect: { type: 'create-payment', after: soon },
  };
}

/** Goes on with an order that an earlier process left. */
export function resumeTopUp(order: TopUp, now: EpochMs): TopUpStep {
  switch (order.state) {
    case 'created':
      // Its code was never on a screen; the payment may exist all the same.
      return { order: { ...order, isCancelled: true }, effect: { type: 'close-payment', after: soon } };
    case 'paying':
      return { order, effect: { type: 'query-payment', after: soon } };
    case 'paid':
      return beginCredit(order, now);
    case 'crediting':
      // The credit may have arrived.
      return { order: moved(order, 'credit-unknown', now), effect: { type: 'query-credit', after: soon } };
    case 'credit-unknown':
      return { order, effect: { type: 'query-credit', after: soon } };
    case 'refunding':
      return {
        order,
        effect: order.refundBegun ? { type: 'query-refund', after: soon } : { type: 'refund', after: soon },
      };
    case 'credited':
    case 'closed':
    case 'refunded':
      return { order };
  }
}

/** Total: what does not belong to the order's state changes nothing. */
export function stepTopUp(order: TopUp, input: TopUpInput, now: EpochMs): TopUpStep {
  switch (input.type) {
    case 'created':
      return order.state === 'created' ? onCreated(order, input.result, now) : { order };
    case 'payment':
      return order.state === 'paying' || order.state === 'created' ? onPayment(order, input.result, now) : { order };
    case 'closed':
      // Whatever came of it: it may have been paid just before.
      return order.state === 'paying' || order.state === 'created'
        ? {
            order: { ...order, isClosed: order.isClosed || input.result.ok },
            effect: { type: 'query-payment', after: soon },
          }
        : { order };
    case 'credit':
      return order.state === 'crediting' ? onCredit(order, input.result, now) : { order };
    case 'credit-query':
      return order.state === 'credit-unknown' ? onCreditQuery(order, input.result, now) : { order };
    case 'refund':
      return order.state === 'refunding' ? onRefund(order, input.result, now) : { order };
    case 'refund-query':
      return order.state === 'refunding' ? onRefundQuery(order, input.result, now) : { order };
    case 'cancel':
      return { order: { ...order, isCancelled: true } };
    case 'resolve':
      return onResolve(order, input.as, now);
  }
}

const moved = (order: TopUp, state: TopUpState, now: EpochMs): TopUp => ({ ...order, state, changedAt: now });

function beginCredit(order: TopUp, now: EpochMs): TopUpStep {
  return { order: moved(order, 'crediting', now), effect: { type: 'credit', after: soon } };
}

function beginRefund(order: TopUp, now: EpochMs): TopUpStep {
  return { order: { ...moved(order, 'refunding', now), refundBegun: true }, effect: { type: 'refund', after: soon } };
}

function onCreated(order: TopUp, result: Result<{ readonly payUrl: string }>, now: EpochMs): TopUpStep {
  if (!result.ok) {
    if (result.error.code === 'E-PAY-0201') return { order: moved(order, 'closed', now) };
    return { order: { ...order, isCancelled: true }, effect: { type: 'close-payment', after: topUpTimes.retryEvery } };
  }
  return {
    order: { ...moved(order, 'paying', now), payUrl: result.value.payUrl },
    effect: { type: 'query-payment', after: topUpTimes.pollEvery },
  };
}

function onPayment(order: TopUp, result: Result<'not-paid' | 'paid' | 'closed'>, now: EpochMs): TopUpStep {
  if (!result.ok) return { order, effect: { type: 'query-payment', after: topUpTimes.retryEvery } };
  if (result.value === 'paid') return beginCredit(moved(order, 'paid', now), now);
  if (result.value === 'closed' || order.isClosed) return { order: moved(order, 'closed', now) };
  const goesOn = order.state === 'paying' && !order.isCancelled && now < order.payUntil;
  return {
    order,
    effect: goesOn ? { type: 'query-payment', after: topUpTimes.pollEvery } : { type: 'close-payment', after: soon },
  };
}

function onCredit(order: TopUp, result: Result<'credited' | 'pending'>, now: EpochMs): TopUpStep {
  if (result.ok && result.value === 'credited') return { order: moved(order, 'credited', now) };
  if (!result.ok && result.error.code === 'E-PAY-0104') return beginRefund(order, now);
  return {
    order: moved(order, 'credit-unknown', now),
    effect: { type: 'query-credit', after: topUpTimes.retryEvery },
  };
}

function onCreditQuery(order: TopUp, result: Result<'credited' | 'pending' | 'none'>, now: EpochMs): TopUpStep {
  if (result.ok && result.value === 'credited') return { order: moved(order, 'credited', now) };
  if (order.staffRefund === 'wanted') {
    return { order: { ...order, staffRefund: 'confirming' }, effect: { type: 'query-credit', after: soon } };
  }
  if (result.ok && result.value === 'none' && order.staffRefund === 'confirming') return beginRefund(order, now);
  const isSettled = now >= plus(order.changedAt, topUpTimes.creditSettled);
  if (result.ok && result.value === 'none' && isSettled) return beginRefund(order, now);
  return { order, effect: { type: 'query-credit', after: topUpTimes.queryCreditEvery } };
}

function onRefund(order: TopUp, result: Result<'refunded' | 'pending'>, now: EpochMs): TopUpStep {
  if (result.ok && result.value === 'refunded') return { order: moved(order, 'refunded', now) };
  return { order, effect: { type: 'query-refund', after: topUpTimes.retryEvery } };
}

function onRefundQuery(order: TopUp, result: Result<'refunded' | 'pending' | 'none'>, now: EpochMs): TopUpStep {
  if (result.ok && result.value === 'refunded') return { order: moved(order, 'refunded', now) };
  // The service gives a refund back once, however often it is asked for.
  if (result.ok && result.value === 'none') return { order, effect: { type: 'refund', after: topUpTimes.retryEvery } };
  return { order, effect: { type: 'query-refund', after: topUpTimes.retryEvery } };
}

/** A person has looked at the card's system. */
function onResolve(order: TopUp, as: 'credited' | 'refund', now: EpochMs): TopUpStep {
  if (order.state !== 'credit-unknown') return { order };
  if (as === 'credited') return { order: moved(order, 'credited', now) };
  if (order.staffRefund !== undefined) return { order };
  return { order: { ...order, staffRefund: 'wanted' }, effect: { type: 'query-credit', after: soon } };
}
