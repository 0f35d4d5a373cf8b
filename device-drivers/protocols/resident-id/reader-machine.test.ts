import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MonoMs, failure, ok } from '@hallhub/sync/base';
import { credentialText } from '../../capabilities/index.ts';
import {
  DEFAULT_TIMING,
  type ReadCard,
  type ReaderInput,
  type ReaderState,
  advance,
  initialState,
  resume,
} from './reader-machine.ts';

const card = (number: string): ReadCard => ({
  type: 'resident-id',
  card: {
    layout: 'resident',
    number,
    name: '某人',
    sex: '1',
    birth: '19900101',
    validFrom: '20200101',
    fields: {},
  },
});

/** What may happen next, and how long it takes. */
const happening = fc.record({
  after: fc.integer({ min: 1, max: 1_000 }),
  what: fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .constantFrom(0x80, 0x9f, 0x90, 0x81, 0x41, 0x66, 0x10, 0x77)
        .map((sw3) => ({ type: 'answer' as const, sw3 })),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom('A', 'B').map((number) => ({ type: 'card' as const, card: ok(card(number)) })),
    },
    { weight: 1, arbitrary: fc.constant({ type: 'card' as const, card: failure('E-CARD-0202') }) },
    { weight: 2, arbitrary: fc.constant({ type: 'no-answer' as const, reason: { code: 'E-DEV-0202' as const } }) },
  ),
});

describe('reader machine', () => {
  it('keeps its promises over every course of events', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 80 }), (events) => {
        let state: ReaderState = initialState;
        let now = 0;
        let lastReported: string | undefined;
        let firstAbsence: number | undefined;
        for (const { after, what } of events) {
          now += after;
          const input: ReaderInput = { ...what, at: now as MonoMs };
          const isAbsence = input.type === 'answer' && input.sw3 === 0x80;
          const { state: next, effects } = advance(state, input, DEFAULT_TIMING);

          // It always goes on, in one way.
          const onward = effects.filter((effect) => effect.do === 'ask' || effect.do === 'reopen');
          expect(onward).toHaveLength(1);
          expect(effects.filter((effect) => effect.do === 'health').length).toBeLessThanOrEqual(1);

          // A card comes out of nothing but a card that went in.
          const reported = effects.flatMap((effect) => (effect.do === 'report' ? [credentialText(effect.card)] : []));
          if (reported.length > 0) expect(input.type === 'card' && input.card.ok).toBe(true);

          // The same number twice only after it was away for long enough.
          if (isAbsence) firstAbsence ??= now;
          if (reported[0] !== undefined && reported[0] === lastReported) {
            expect(firstAbsence).toBeDefined();
            expect(now - (firstAbsence ?? now)).toBeGreaterThanOrEqual(DEFAULT_TIMING.leftAfter);
          }
          if (reported[0] !== undefined) {
            lastReported = reported[0];
            firstAbsence = undefined;
          }
          state = onward.some((effect) => effect.do === 'reopen') ? resume(next).state : next;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('asks for a read only of a selected card, and for a selection only of a found one', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (events) => {
        let state: ReaderState = initialState;
        for (const { after, what } of events) {
          const before = state.step;
          const { state: next, effects } = advance(state, { ...what, at: after as MonoMs }, DEFAULT_TIMING);
          const asked = effects.flatMap((effect) => (effect.do === 'ask' ? [effect.step] : []))[0];
          if (asked === 'select') expect(before).toBe('find');
          if (asked === 'read') expect(before).toBe('select');
          state = next;
        }
      }),
    );
  });
});
