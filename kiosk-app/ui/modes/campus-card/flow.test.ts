import type { TopUpView } from '@hallhub/hub/kiosks/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CardEvent, CardPage } from './flow.ts';
import { START, isSettled, progressOf, turn } from './flow.ts';

const STATES = [
  'created',
  'paying',
  'paid',
  'crediting',
  'credited',
  'credit-unknown',
  'closed',
  'refunding',
  'refunded',
] as const satisfies readonly TopUpView['state'][];
const order = (state: TopUpView['state'], orderId = 'o1'): TopUpView => ({ orderId, amount: 5_000, state });
const walk = (...events: readonly CardEvent[]): CardPage => events.reduce(turn, START);

describe('a top-up', () => {
  const waiting = walk({ type: 'open', page: 'amounts' }, { type: 'order', order: order('paying') });

  it('is shown from the order to its end, and left when it has ended', () => {
    expect(waiting).toMatchObject({ at: 'pay' });
    expect(turn(waiting, { type: 'back' })).toEqual(waiting);
    const ended = turn(waiting, { type: 'order', order: order('credited') });
    expect(turn(ended, { type: 'back' })).toEqual(START);
  });

  it('takes nothing of another order for its own', () => {
    expect(turn(waiting, { type: 'order', order: order('credited', 'o2') })).toEqual(waiting);
  });

  it('never calls money that was paid "nothing", nor an unknown credit done', () => {
    expect(progressOf(order('credit-unknown'))).toBe('unknown');
    expect(STATES.filter((state) => progressOf(order(state)) === 'nothing')).toEqual(['closed']);
    expect(STATES.filter((state) => progressOf(order(state)) === 'done')).toEqual(['credited']);
  });
});

it('has no dead end: once an order has ended, Back leads to the overview', () => {
  const event: fc.Arbitrary<CardEvent> = fc.oneof(
    fc
      .constantFrom('transactions' as const, 'lost' as const, 'amounts' as const)
      .map((page): CardEvent => ({ type: 'open', page })),
    fc.nat(5).map((page): CardEvent => ({ type: 'turn', page })),
    fc.constantFrom(...STATES).map((state): CardEvent => ({ type: 'order', order: order(state) })),
    fc.constant<CardEvent>({ type: 'back' }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const page = walk(...events);
      if (page.at === 'pay' && !isSettled(page.order)) {
        expect(turn(turn(page, { type: 'order', order: order('closed') }), { type: 'back' })).toEqual(START);
      } else expect(turn(page, { type: 'back' })).toEqual(START);
    }),
  );
});
