import fc from 'fast-check';
import { expect, it } from 'vitest';
import { yuan } from './money.ts';

it('is the amount in yuan, with two places', () => {
  expect([yuan(0), yuan(5), yuan(1250), yuan(-300), yuan(-5)]).toEqual(['0.00', '0.05', '12.50', '-3.00', '-0.05']);
  fc.assert(
    fc.property(fc.integer({ min: -100_000_000, max: 100_000_000 }), (fen) => {
      expect(yuan(fen)).toMatch(/^-?\d+\.\d\d$/);
      expect(Math.round(Number(yuan(fen)) * 100)).toBe(fen);
    }),
  );
});
