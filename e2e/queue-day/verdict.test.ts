import { describe, expect, test } from 'vitest';
import type { CallRow, PeriodRow } from './verdict.ts';
import { calledTwice } from './verdict.ts';

const row = (state: string, from: number, to: number | null, counter: string | null = null): PeriodRow => ({
  ...{ ticket: 't', state, counter, from, to },
});
const call = (at: number, times: number, counter = 'c1'): CallRow => ({ ticket: 't', counter, at, times });
const VISIT = [
  row('waiting', 0, 5),
  row('called', 5, 9, 'c1'),
  row('serving', 9, 20, 'c1'),
  row('finished', 20, 20, 'c1'),
];

describe('who was called twice', () => {
  test('is nobody who was called, recalled, put aside and called again', () => {
    const again = [
      ...VISIT.slice(0, 3),
      ...[row('held', 20, 30, 'c1'), row('called', 30, 31, 'c1'), row('serving', 31, null, 'c1')],
    ];
    expect(calledTwice(VISIT, [call(5, 1)])).toEqual([]);
    expect(calledTwice(VISIT, [call(5, 1), call(7, 2)])).toEqual([]);
    expect(calledTwice(again, [call(5, 1), call(30, 2)])).toEqual([]);
  });

  test.each([
    ['by another counter', VISIT, [call(5, 1), call(5, 1, 'c2')]],
    ['by the same counter as if for the first time', VISIT, [call(5, 1), call(6, 1)]],
    ['after the end', VISIT, [call(5, 1), call(25, 2)]],
    ['without a word', VISIT, []],
    [
      'while being served',
      [...VISIT.slice(0, 3), row('called', 20, 21, 'c1'), row('serving', 21, null, 'c1')],
      [call(5, 1), call(20, 2)],
    ],
  ])('is found: %s', (_how, periods, calls) => {
    expect(calledTwice(periods, calls)).toHaveLength(1);
  });
});
