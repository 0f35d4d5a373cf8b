import { manualClock, minutes, systemRandom } from '@hallhub/sync/base';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createOneTimeCodes } from './one-time.ts';

it('takes the right code once, for its number, in time, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(999_999), { maxLength: 8 }), fc.nat(6), (guesses, late) => {
      const clock = manualClock();
      const codes = createOneTimeCodes({ clock, random: systemRandom });
      const { code = '' } = codes.issue('S1');
      expect(code).toMatch(/^\d{6}$/);
      const wrong = guesses.map((guess) => String(guess).padStart(6, '0')).filter((guess) => guess !== code);
      for (const guess of wrong) expect(codes.take('S1', guess)).toBe(false);
      expect(codes.take('S2', code)).toBe(false);
      clock.advance(minutes(late));
      expect(codes.take('S1', code)).toBe(wrong.length < 5 && late < 5);
      expect(codes.take('S1', code)).toBe(false);
    }),
  );
});

it('sends no second code within a minute, and the second ends the first', () => {
  const clock = manualClock();
  const codes = createOneTimeCodes({ clock, random: systemRandom });
  const first = codes.issue('S1');
  expect(codes.issue('S1')).toEqual({ code: undefined, validUntil: first.validUntil });
  clock.advance(minutes(1));
  const second = codes.issue('S1');
  expect(second.code).toBeDefined();
  if (first.code !== second.code) expect(codes.take('S1', first.code ?? '')).toBe(false);
  expect(codes.take('S1', second.code ?? '')).toBe(true);
});
