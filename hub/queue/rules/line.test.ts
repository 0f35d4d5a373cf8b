import fc from 'fast-check';
import { expect, it } from 'vitest';
import { epochMs, minutes } from '@hallhub/sync/base';
import type { Waiting } from './calling.ts';
import { CALLING_RULES, callingRules } from './calling.ts';
import { lineOf } from './line.ts';

const NOW = Date.UTC(2026, 8, 1, 2);
const people = fc
  .array(
    fc.record({
      service: fc.constantFrom('card', 'loan', 'visa'),
      class: fc.constantFrom('ordinary', 'ordinary', 'ordinary', 'elder', 'disabled'),
      // Several of one instant, and booked times ahead.
      minute: fc.integer({ min: -40, max: 20 }),
      front: fc.nat(19).map((one) => one === 0),
      forCounter: fc.option(fc.constantFrom('w1', 'w2'), { nil: undefined, freq: 10 }),
      isAppointment: fc.boolean(),
    }),
    { maxLength: 40 },
  )
  .map((list) =>
    list.map(({ minute, forCounter, ...one }, index): Waiting => ({
      ...{ ...one, id: `t${String(index).padStart(3, '0')}`, arrival: epochMs(NOW + minute * 60_000) },
      ...(forCounter !== undefined && { forCounter }),
    })),
  );
const desk = fc.record({
  id: fc.constantFrom('w1', 'w2'),
  services: fc.uniqueArray(fc.constantFrom('card', 'loan', 'visa'), { minLength: 1 }).map((list) => new Set(list)),
});

it('every rule chooses of the heads whom it would choose of all, until nobody is left', () => {
  fc.assert(
    fc.property(
      people,
      fc.array(fc.record({ desk, on: fc.nat(3) }), { minLength: 1, maxLength: 60 }),
      fc.constantFrom(...CALLING_RULES),
      fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
      (waiting, calls, name, limit) => {
        const line = lineOf(waiting);
        let left: readonly Waiting[] = waiting;
        let now = NOW;
        let firstInRow = 0;
        for (const { desk: counter, on } of calls) {
          now += on * 60_000;
          const calling = {
            ...{ now: epochMs(now), counter, firstInRow, firstCap: 2, lasts: () => minutes(5) },
            classes: { elder: { rate: 2, first: false }, disabled: { rate: 1, first: true } },
            callBy: { card: limit === undefined ? undefined : minutes(limit) },
            others: [{ services: new Set(['loan']), freeAt: epochMs(now + 120_000) }],
          };
          const ofAll = callingRules[name](left, calling);
          expect(callingRules[name](line.heads(epochMs(now)), calling)).toEqual(ofAll);
          const one = left.find(({ id }) => id === ofAll?.id);
          if (!one) continue;
          left = left.filter((other) => other !== one);
          line.take(one);
          expect(line.size).toBe(left.length);
          firstInRow = one.class === 'disabled' ? firstInRow + 1 : 0;
        }
      },
    ),
    { numRuns: 500 },
  );
});
