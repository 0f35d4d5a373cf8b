import { describe, expect, it } from 'vitest';
import type { Hours, LocalTime } from './opening.ts';
import { checkInAt, isRestricted, isWithin, openingAt } from './opening.ts';

const at = (weekday: number, hour: number, kind: LocalTime['kind'] = 'workday'): LocalTime => ({
  weekday,
  kind,
  minute: hour * 60,
});
const OFFICE: Hours[] = [
  { from: 510, to: 690 },
  { from: 840, to: 1_020 },
];

describe('opening hours', () => {
  it.each([
    ['a workday morning', OFFICE, at(1, 9), {}],
    ['noon', OFFICE, at(1, 12), { refusal: 'E-QUEUE-0103', opensAt: 840 }],
    ['the evening', OFFICE, at(1, 18), { refusal: 'E-QUEUE-0103' }],
    ['a Sunday', OFFICE, at(7, 9, 'day-off'), { refusal: 'E-QUEUE-0104' }],
    ['a Saturday that is worked', OFFICE, at(6, 9), {}],
    ['a holiday in the week', OFFICE, at(3, 9, 'day-off'), { refusal: 'E-QUEUE-0104' }],
    ['a service on Wednesdays only', [{ weekdays: [3], from: 510, to: 690 }], at(2, 9), { refusal: 'E-QUEUE-0104' }],
    ['a hall that opens at weekends', [{ weekdays: [6, 7], from: 510, to: 690 }], at(6, 9, 'day-off'), {}],
    [
      'named weekdays on a holiday',
      [{ weekdays: [3], from: 510, to: 690 }],
      at(3, 9, 'day-off'),
      { refusal: 'E-QUEUE-0104' },
    ],
  ])('%s', (_name, hours, when, expected) => {
    expect(openingAt(hours, when)).toEqual(expected);
    expect(isWithin(hours, when)).toBe(!('refusal' in expected));
  });
});

describe('an appointment from 10 to 11', () => {
  it.each([
    [-31, 'early'],
    [-30, 'open'],
    [10, 'open'],
    [11, 'late'],
    [60, 'over'],
  ])('%s minutes after its time is %s', (minute, expected) => {
    expect(checkInAt({ from: 0, to: 3_600_000 }, { early: 1_800_000, late: 600_000 }, minute * 60_000)).toBe(expected);
  });
});

describe('somebody who missed appointments', () => {
  const DAY = 86_400_000;
  const rule = { missed: 3, within: 30 * DAY, pause: 7 * DAY };
  it.each([
    ['two', [1, 2], 3, false],
    ['three in a month', [1, 9, 20], 21, true],
    ['three in a month, a week ago', [1, 9, 20], 27, false],
    ['three in two months', [1, 20, 50], 51, false],
  ])('%s', (_name, days, now, restricted) => {
    expect(
      isRestricted(
        days.map((day) => day * DAY),
        rule,
        now * DAY,
      ),
    ).toBe(restricted);
    expect(
      isRestricted(
        days.map((day) => day * DAY),
        { ...rule, missed: 0 },
        now * DAY,
      ),
    ).toBe(false);
  });
});
