import type { Clock, EpochMs, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { PaymentPort } from '../ports.ts';

/** What a payment service may do instead of answering. */
export type PaymentFault =
  /** The question never arrives. */
  | 'lost'
  /** What was asked is done, and the answer is lost. */
  | 'unanswered';

interface Order {
  readonly amount: number;
  readonly expiresAt: EpochMs;
  state: 'not-paid' | 'paid' | 'closed';
  refunded: boolean;
}

/** A payment service as those that show a QR code behave, in memory: for the demo and for tests. */
export interface SimulatedPayments extends PaymentPort {
  /** Somebody has scanned the code and pays. False: it cannot be paid any more. */
  pay(orderId: string): boolean;
  /** Orders that wait to be paid. */
  waiting(): readonly { readonly orderId: string; readonly amount: number }[];
  /** What became of an order's money. */
  money(orderId: string): 'none' | 'kept' | 'refunded';
  /** Asked before each question. */
  fault: (() => PaymentFault | undefined) | undefined;
}

export function simulatedPayments({ clock }: { readonly clock: Pick<Clock, 'now'> }): SimulatedPayments {
  const orders = new Map<string, Order>();
  const payable = (order: Order): boolean => order.state === 'not-paid' && clock.now() < order.expiresAt;
  const silent = failure('E-PAY-0202');
  const answering = <T>(act: () => Result<T>): Promise<Result<T>> => {
    const fault = simulated.fault?.();
    if (fault === 'lost') return Promise.resolve(silent);
    const answer = act();
    return Promise.resolve(fault === 'unanswered' ? silent : answer);
  };
  const find = <T>(orderId: string, act: (order: Order) => T, otherwise: T): Promise<Result<T>> =>
    answering(() => {
      const order = orders.get(orderId);
      return ok(order ? act(order) : otherwise);
    });
  const simulated: SimulatedPayments = {
    fault: undefined,
    create: ({ orderId, amount, expiresAt }) =>
      answering(() => {
        const known = orders.get(orderId);
        if (known && known.state !== 'not-paid') return failure('E-PAY-0201', known.state);
        orders.set(orderId, known ?? { amount, expiresAt, state: 'not-paid', refunded: false });
        return ok({ payUrl: `hallpay://order/${orderId}` });
      }),
    query: (orderId) =>
      find<'not-paid' | 'paid' | 'closed'>(
        orderId,
        (order) => (order.state === 'not-paid' && !payable(order) ? 'closed' : order.state),
        'closed',
      ),
    close: (orderId) =>
      answering(() => {
        const order = orders.get(orderId);
        if (order?.state === 'not-paid') order.state = 'closed';
        return ok();
      }),
    refund: (orderId) =>
      answering(() => {
        const order = orders.get(orderId);
        if (order?.state !== 'paid') return failure('E-PAY-0201', order?.state ?? 'unknown');
        order.refunded = true;
        return ok('refunded');
      }),
    queryRefund: (orderId) =>
      find<'refunded' | 'none'>(orderId, ({ refunded }) => (refunded ? 'refunded' : 'none'), 'none'),
    pay: (orderId) => {
      const order = orders.get(orderId);
      if (!order || !payable(order)) return false;
      order.state = 'paid';
      return true;
    },
    waiting: () =>
      [...orders].flatMap(([orderId, order]) => (payable(order) ? [{ orderId, amount: order.amount }] : [])),
    money: (orderId) => {
      const order = orders.get(orderId);
      if (order?.state !== 'paid') return 'none';
      return order.refunded ? 'refunded' : 'kept';
    },
  };
  return simulated;
}
