import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextNumber, numberOf } from './numbers.ts';

const SERIES = { prefix: 'A', first: 1, last: 999, digits: 3 };

describe('numbers of a series', () => {
  it('run from the first to the last and wrap', () => {
    expect([1, 999, 1_000, 1_998, 1_999].map((serial) => numberOf(SERIES, serial))).toEqual([
      'A001',
      'A999',
      'A001',
      'A999',
      'A001',
    ]);
    expect(numberOf({ prefix: '', first: 501, last: 502, digits: 2 }, 3)).toBe('501');
  });

  it('leave out a number under which somebody still waits, and say when there is none', () => {
    expect(nextNumber(SERIES, 999, (number) => number === 'A001')).toEqual({ serial: 1_001, number: 'A002' });
    expect(nextNumber({ ...SERIES, last: 3 }, 7, () => true)).toBeUndefined();
  });

  it('are never given twice while both are open, and serials only grow', () => {
    const series = { prefix: 'B', first: 1, last: 5, digits: 2 };
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 40 }), (ends) => {
        let [given, open] = [0, [] as string[]];
        for (const end of ends) {
          const next = nextNumber(series, given, (number) => open.includes(number));
          if (next) {
            expect(next.serial).toBeGreaterThan(given);
            expect(open).not.toContain(next.number);
            given = next.serial;
            open.push(next.number);
          } else expect(open).toHaveLength(5);
          open = open.filter((_number, n) => n !== end);
        }
      }),
    );
  });
});
