import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areaSchema } from '../config/index.ts';
import type { CampusTime } from '../calendar/index.ts';
import { campusClock } from '../calendar/index.ts';
import type { Curfew } from './curfew.ts';
import { pastCurfew } from './curfew.ts';
import { areaInput } from './edge/wire.ts';

const clock = campusClock({ timeZone: 'Asia/Shanghai', holidays: ['2026-10-01'], workdays: [] });
const local = (text: string): CampusTime => clock(Date.parse(`${text}+08:00`) as Parameters<typeof clock>[0]);
const curfew: Curfew = {
  nights: [
    { eve: 'day-off', from: 30, lateUntil: 90 },
    { from: 1_380, lateUntil: 0 },
  ],
  until: 330,
  then: 'late',
};

describe('curfew', () => {
  it.each([
    ['2026-09-28T22:59', false],
    ['2026-09-28T23:00', true],
    ['2026-09-29T00:00', true],
    ['2026-09-29T05:29', true],
    ['2026-09-29T05:30', false],
    ['2026-09-29T12:00', false],
    // The eve of a holiday: from half past midnight.
    ['2026-09-30T23:30', false],
    ['2026-10-01T00:29', false],
    ['2026-10-01T00:30', true],
    ['2026-10-01T23:00', true],
  ])('%s: %s', (text, shut) => {
    expect(pastCurfew(curfew, local(text))).toBe(shut);
  });

  it('never shuts on an evening that no rule fits', () => {
    const weekends: Curfew = { ...curfew, nights: [{ weekdays: [6, 7], from: 1_380, lateUntil: 0 }] };
    expect(pastCurfew(weekends, local('2026-09-28T23:30'))).toBe(false);
    expect(pastCurfew(weekends, local('2026-09-28T00:30'))).toBe(true);
  });

  it('reaches an agent as it stands in the file', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_200, max: 1_439 }), fc.integer({ min: 0, max: 200 }), (from, late) => {
        const text = (minute: number) =>
          `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
        const area = areaSchema.parse({
          id: 'dorm-3',
          label: { zh: '三号楼', en: 'Dorm 3' },
          curfew: { nights: [{ eve: 'workday', from: text(from), lateUntil: text(late) }], then: 'refuse' },
        });
        expect(areaSchema.parse(areaInput(area))).toEqual(area);
      }),
    );
  });

  it('is refused in a file where its times are out of order', () => {
    const nights = [{ from: '00:30', lateUntil: '23:00' }];
    expect(areaSchema.safeParse({ id: 'a', label: { zh: '楼', en: 'House' }, curfew: { nights } }).success).toBe(false);
  });
});
