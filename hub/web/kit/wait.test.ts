import type { DurationMs } from '@hallhub/sync/base';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { aheadText, waitText } from './wait.ts';

const range = (from: number, to: number) => ({ from: from as DurationMs, to: to as DurationMs });
const MINUTE = 60_000;

it.each([
  [0, 3.2, 'within 4 min'],
  [0, 0, 'within 1 min'],
  [6.9, 12.1, 'about 6–13 min'],
  [10, 10, 'about 10 min'],
  [33, 47, 'about 30–50 min'],
])('says %d to %d minutes as "%s"', (from, to, text) => {
  expect(waitText(range(from * MINUTE, to * MINUTE)).en).toBe(text);
});

it('never promises more than is known', () => {
  fc.assert(
    fc.property(fc.nat(5 * 60 * MINUTE), fc.nat(5 * 60 * MINUTE), (from, more) => {
      const numbers = [...waitText(range(from, from + more)).zh.matchAll(/\d+/g)].map(([text]) => Number(text));
      const most = numbers.at(-1) ?? 0;
      expect(most * MINUTE).toBeGreaterThanOrEqual(from + more);
      if (numbers.length === 2) expect((numbers[0] ?? Infinity) * MINUTE).toBeLessThanOrEqual(from);
    }),
  );
});

it('tells whoever is next to listen', () => {
  expect([0, 1, 2].map((ahead) => aheadText(ahead).en)).toEqual([
    'You are next: listen for your number',
    '1 person ahead of you',
    '2 people ahead of you',
  ]);
});
