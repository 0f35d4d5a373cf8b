import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseRange } from './range.ts';

it.each([
  ['bytes=0-499', { from: 0, to: 500 }],
  ['bytes=500-999', { from: 500, to: 1_000 }],
  ['bytes=9500-', { from: 9_500, to: 10_000 }],
  ['bytes=-500', { from: 9_500, to: 10_000 }],
  ['bytes=0-999999', { from: 0, to: 10_000 }],
  ['bytes=-20000', { from: 0, to: 10_000 }],
  ['bytes=10000-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=5-4', undefined],
  ['bytes=0-0,-1', undefined],
  ['lines=1-2', undefined],
  ['bytes=-', undefined],
  [undefined, undefined],
])('%s of 10,000 bytes', (header, expected) => {
  expect(parseRange(header, 10_000)).toEqual(expected);
});

it('is never beyond the file, whatever is asked', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,20}-\d{0,20}$/)), fc.nat(), (header, size) => {
      const span = parseRange(header, size);
      if (span === undefined || span === 'unsatisfiable') return;
      expect(span.from).toBeGreaterThanOrEqual(0);
      expect(span.to).toBeGreaterThan(span.from);
      expect(span.to).toBeLessThanOrEqual(size);
    }),
  );
});
