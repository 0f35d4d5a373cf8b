import type { DurationMs } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StatisticsRow } from '../../../queue/contract.ts';
import { statisticsRow } from '../../../queue/testing/views.ts';
import { dayOf, heatOf, totalsOf } from './figures.ts';

describe('the map of the week', () => {
  it('has every hour between the first and the last, and no weekend where nothing was done', () => {
    const heat = heatOf([
      statisticsRow('1-09', { taken: 10 }),
      statisticsRow('3-11', { taken: 40 }),
      statisticsRow('enrolment', { taken: 99 }),
    ]);
    expect(heat.hours).toEqual([9, 10, 11]);
    expect(heat.days.map(({ weekday }) => weekday)).toEqual([1, 2, 3, 4, 5]);
    expect(heat.days[0]?.cells.map((cell) => cell.heat)).toEqual([0.25, 0, 0]);
    expect(heat.days[2]?.cells[2]).toMatchObject({ heat: 1, row: { taken: 40 } });
    expect(heatOf([statisticsRow('7-00')]).days).toHaveLength(7);
    expect(heatOf([])).toEqual({ hours: [], days: [] });
  });
});

describe('totals', () => {
  it('weigh means by how many they are of', () => {
    const rows: readonly StatisticsRow[] = [
      statisticsRow('a', {
        called: 30,
        promise: { count: 30, held: 0.9, error: 0 as DurationMs },
        waitMean: 60_000 as DurationMs,
        withinLimit: 1,
        rating: { mean: 5, count: 1 },
      }),
      statisticsRow('b', {
        called: 10,
        promise: { count: 10, held: 0.5, error: 0 as DurationMs },
        waitMean: 180_000 as DurationMs,
        withinLimit: 0.2,
        rating: { mean: 3, count: 3 },
      }),
    ];
    expect(totalsOf(rows)).toMatchObject({ waitMean: 90_000, within: 0.8, held: 0.8, rating: { mean: 3.5, count: 4 } });
  });

  it('say nothing where there is nothing', () => {
    expect(totalsOf([])).toMatchObject({
      taken: 0,
      waitMean: undefined,
      within: undefined,
      held: undefined,
      rating: undefined,
    });
  });

  it('are within what they are made of', () => {
    const row = fc.record({
      called: fc.nat(500),
      withinLimit: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (changes) => {
        const rows = changes.map((change, index) => statisticsRow(String(index), change));
        const { within } = totalsOf(rows);
        if (within === undefined) expect(changes.every(({ called }) => called === 0)).toBe(true);
        else {
          expect(within).toBeGreaterThanOrEqual(Math.min(...changes.map((one) => one.withinLimit)) - 1e-9);
          expect(within).toBeLessThanOrEqual(Math.max(...changes.map((one) => one.withinLimit)) + 1e-9);
        }
      }),
    );
  });
});

it('names the day by the campus clock', () => {
  expect(dayOf(Date.parse('2026-08-31T17:00:00Z'), 'Asia/Shanghai')).toBe('2026-09-01');
});
