import type { EpochMs, Result } from '@hallhub/sync/base';
import { epochMs, failure, hours, minutes, ok, plus } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TopUpEffect, TopUpInput, TopUpStep } from './rules.ts';
import { hasEnded, newTopUp, resumeTopUp, stepTopUp, topUpTimes } from './rules.ts';

const START = epochMs(Date.UTC(2026, 10, 22));
const first = () => newTopUp({ orderId: 'o', cardId: 'c', amount: 5_000 }, START);

/** The two systems outside, as far as money is concerned. */
function world() {
  let payment: 'none' | 'open' | 'closed' | 'paid' = 'none';
  let refunds = 0;
  let credits = 0;
  return {
    pay: () => {
      if (payment === 'open') payment = 'paid';
    },
    money: () => ({ isPaid: payment === 'paid', refunds, credits }),
    /** Does what is asked; `refuses`: the card takes no credit. */
    perform: ({ type }: TopUpEffect, refuses: boolean): TopUpInput => {
      switch (type) {
        case 'create-payment':
          if (payment === 'none') payment = 'open';
          return { type: 'created', result: ok({ payUrl: 'x' }) };
        case 'query-payment':
          return {
            type: 'payment',
            result: ok(payment === 'paid' ? 'paid' : payment === 'open' ? 'not-paid' : 'closed'),
          };
        case 'close-payment':
          if (payment === 'open' || payment === 'none') payment = 'closed';
          return { type: 'closed', result: ok() };
        case 'credit':
          if (refuses) return { type: 'credit', result: failure('E-PAY-0104') };
          credits += 1;
          return { type: 'credit', result: ok('credited') };
        case 'query-credit':
          return { type: 'credit-query', result: ok(credits > 0 ? 'credited' : 'none') };
        case 'refund':
          refunds = 1;
          return { type: 'refund', result: ok('refunded') };
        case 'query-refund':
          return { type: 'refund-query', result: ok(refunds > 0 ? 'refunded' : 'none') };
      }
    },
  };
}
const silent: Readonly<Record<TopUpEffect['type'], TopUpInput['type']>> = {
  'create-payment': 'created',
  'query-payment': 'payment',
  'close-payment': 'closed',
  credit: 'credit',
  'query-credit': 'credit-query',
  refund: 'refund',
  'query-refund': 'refund-query',
};
const noAnswer = (effect: TopUpEffect): TopUpInput =>
  ({ type: silent[effect.type], result: failure('E-PAY-0202') as Result<never> }) as TopUpInput;

const event = fc.record({
  fault: fc.constantFrom('none', 'none', 'none', 'lost', 'unanswered', 'crash-before', 'crash-after'),
  pays: fc.boolean(),
  cancels: fc.boolean(),
});

describe('a top-up', () => {
  it('credits at most once, and ends with the money on the card or with its owner, whatever is lost or crashes', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), fc.boolean(), fc.nat(30), (events, refuses, paysAt) => {
        const outside = world();
        let step: TopUpStep = first();
        let now: EpochMs = START;
        for (let turn = 0; turn < 2_000 && step.effect; turn += 1) {
          const { fault = 'none', pays = false, cancels = false } = events[turn] ?? {};
          if (pays || turn === paysAt) outside.pay();
          let order = step.order;
          if (cancels) order = stepTopUp(order, { type: 'cancel' }, now).order;
          now = plus(now, step.effect.after);
          // Long after everything else the card's system has closed its day.
          if (turn === 500) now = plus(now, hours(25));
          if (fault === 'crash-before') {
            step = resumeTopUp(order, now);
            continue;
          }
          const input = fault === 'lost' ? noAnswer(step.effect) : outside.perform(step.effect, refuses);
          if (fault === 'crash-after') step = resumeTopUp(order, now);
          else step = stepTopUp(order, fault === 'unanswered' ? noAnswer(step.effect) : input, now);
        }
        const { isPaid, refunds, credits } = outside.money();
        expect(credits).toBeLessThanOrEqual(1);
        expect(hasEnded(step.order)).toBe(true);
        expect(credits + refunds).toBe(isPaid ? 1 : 0);
        expect(step.order.state).toBe(credits ? 'credited' : refunds ? 'refunded' : 'closed');
      }),
      { numRuns: 2_000 },
    );
  });

  it('is total: no input in any state throws or brings an ended order back to life', () => {
    const input: fc.Arbitrary<TopUpInput> = fc.oneof(
      fc.constantFrom<TopUpInput>(
        { type: 'created', result: ok({ payUrl: 'x' }) },
        { type: 'created', result: failure('E-PAY-0201') },
        { type: 'payment', result: ok('paid') },
        { type: 'payment', result: ok('closed') },
        { type: 'payment', result: ok('not-paid') },
        { type: 'closed', result: ok() },
        { type: 'credit', result: ok('credited') },
        { type: 'credit', result: ok('pending') },
        { type: 'credit', result: failure('E-PAY-0102') },
        { type: 'credit-query', result: ok('none') },
        { type: 'refund', result: ok('pending') },
        { type: 'refund-query', result: ok('none') },
        { type: 'cancel' },
        { type: 'resolve', as: 'credited' },
        { type: 'resolve', as: 'refund' },
      ),
    );
    fc.assert(
      fc.property(fc.array(input, { maxLength: 12 }), (inputs) => {
        let { order } = first();
        for (const one of inputs) {
          const before = order;
          ({ order } = stepTopUp(order, one, START));
          if (hasEnded(before)) expect(order.state).toBe(before.state);
        }
      }),
    );
  });

  it('waits for a person while nobody knows whether the credit arrived, and gives back by itself only when it cannot come any more', () => {
    let { order } = first();
    order = stepTopUp(order, { type: 'created', result: ok({ payUrl: 'x' }) }, START).order;
    const paid = stepTopUp(order, { type: 'payment', result: ok('paid') }, START);
    expect(paid).toMatchObject({ order: { state: 'crediting' }, effect: { type: 'credit' } });
    const unknown = stepTopUp(paid.order, { type: 'credit', result: failure('E-PAY-0102') }, START);
    expect(unknown).toMatchObject({ order: { state: 'credit-unknown' }, effect: { type: 'query-credit' } });
    const none: TopUpInput = { type: 'credit-query', result: ok('none') };
    expect(stepTopUp(unknown.order, none, plus(START, minutes(60)))).toMatchObject({
      order: { state: 'credit-unknown' },
    });
    expect(stepTopUp(unknown.order, none, plus(START, topUpTimes.creditSettled))).toMatchObject({
      order: { state: 'refunding' },
    });
    expect(stepTopUp(unknown.order, { type: 'resolve', as: 'credited' }, START).order.state).toBe('credited');
  });

  it('goes back by staff’s word only when a question put after that word found nothing, whatever comes in between', () => {
    type Move = 'ask' | 'answer' | 'lose' | 'credit-arrives' | 'staff-refund' | 'crash';
    const moves = fc.array(fc.constantFrom<Move>('ask', 'answer', 'lose', 'credit-arrives', 'staff-refund', 'crash'), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(moves, (list) => {
        const paid = stepTopUp(first().order, { type: 'payment', result: ok('paid') }, START);
        let { order } = stepTopUp(paid.order, { type: 'credit', result: failure('E-PAY-0102') }, START);
        let [hasArrived, isDecided] = [false, false];
        /** A question under way: what it found, and whether it was put after the decision. */
        let question: { readonly found: 'credited' | 'none'; readonly isAfter: boolean } | undefined;
        for (const move of [...list, 'staff-refund', 'lose', 'ask', 'answer', 'ask', 'answer'] as const) {
          if (order.state !== 'credit-unknown') break;
          if (move === 'ask') question ??= { found: hasArrived ? 'credited' : 'none', isAfter: isDecided };
          else if (move === 'credit-arrives') hasArrived = true;
          else if (move === 'staff-refund') {
            isDecided = true;
            ({ order } = stepTopUp(order, { type: 'resolve', as: 'refund' }, START));
          } else if (move === 'crash') {
            question = undefined;
            ({ order } = resumeTopUp(order, START));
          } else if (question) {
            const result = move === 'lose' ? failure('E-PAY-0102') : ok(question.found);
            ({ order } = stepTopUp(order, { type: 'credit-query', result }, START));
            if (order.state === 'refunding') expect(question).toEqual({ found: 'none', isAfter: true });
            question = undefined;
          }
        }
        // Nothing is left lying: the questions at the end are answered.
        expect(order.state).toMatch(/^(credited|refunding)$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('asks once more before it gives back what staff want given back, and keeps it where the credit has arrived', () => {
    const paid = stepTopUp(first().order, { type: 'payment', result: ok('paid') }, START);
    const { order: unknown } = stepTopUp(paid.order, { type: 'credit', result: failure('E-PAY-0102') }, START);
    const wanted = stepTopUp(unknown, { type: 'resolve', as: 'refund' }, START);
    expect(wanted).toMatchObject({ order: { state: 'credit-unknown' }, effect: { type: 'query-credit', after: 0 } });
    const answer = (order: typeof unknown, result: 'credited' | 'pending' | 'none') =>
      stepTopUp(order, { type: 'credit-query', result: ok(result) }, START);
    // This one may have been asked before the decision.
    const again = answer(wanted.order, 'none');
    expect(again).toMatchObject({ order: { state: 'credit-unknown' }, effect: { type: 'query-credit', after: 0 } });
    expect(answer(again.order, 'none')).toMatchObject({ order: { state: 'refunding' }, effect: { type: 'refund' } });
    expect(answer(again.order, 'credited')).toEqual({ order: { ...again.order, state: 'credited', changedAt: START } });
    expect(answer(again.order, 'pending')).toMatchObject({ order: { state: 'credit-unknown' } });
    const away = stepTopUp(again.order, { type: 'credit-query', result: failure('E-PAY-0102') }, START);
    expect(away).toMatchObject({ order: { state: 'credit-unknown' }, effect: { type: 'query-credit' } });
    expect(stepTopUp(wanted.order, { type: 'resolve', as: 'refund' }, START)).toEqual({ order: wanted.order });
  });
});
