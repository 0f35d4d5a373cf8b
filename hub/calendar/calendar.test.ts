import { epochMs } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campusClock, campusInstant } from './calendar.ts';

const at = (text: string) => epochMs(Date.parse(text));

describe('campus clock', () => {
  const clock = campusClock({
    timeZone: 'Asia/Shanghai',
    holidays: ['2026-10-01', '2026-10-02'],
    workdays: ['2026-10-10'],
  });

  it.each([
    ['2026-11-22T15:59:59Z', { date: '20261122', minute: 1_439, weekday: 7, kind: 'day-off' }],
    ['2026-11-22T16:00:00Z', { date: '20261123', minute: 0, weekday: 1, kind: 'workday' }],
    ['2026-11-27T04:00:00Z', { date: '20261127', minute: 720, weekday: 5, kind: 'workday' }],
    ['2026-10-01T04:00:00Z', { date: '20261001', weekday: 4, kind: 'day-off' }],
    ['2026-10-10T04:00:00Z', { date: '20261010', weekday: 6, kind: 'workday' }],
    ['2028-02-29T04:00:00Z', { date: '20280229', weekday: 2, kind: 'workday' }],
  ])('%s', (text, expected) => {
    expect(clock(at(text))).toMatchObject(expected);
  });

  it('knows the day before over the ends of months, years and leap days', () => {
    const before = (text: string) => clock(at(text)).yesterday.date;
    expect(before('2026-12-31T16:30:00Z')).toBe('20261231');
    expect(before('2028-03-01T04:00:00Z')).toBe('20280229');
    expect(before('2026-03-01T04:00:00Z')).toBe('20260228');
    expect(clock(at('2026-10-03T04:00:00Z')).yesterday).toEqual({ date: '20261002', weekday: 5, kind: 'day-off' });
  });

  it('reads the clock of a zone with summer time as it stands on the wall', () => {
    const berlin = campusClock({ timeZone: 'Europe/Berlin', holidays: [], workdays: [] });
    expect(berlin(at('2026-03-29T00:59:00Z'))).toMatchObject({ date: '20260329', minute: 119 });
    expect(berlin(at('2026-03-29T01:00:00Z'))).toMatchObject({ date: '20260329', minute: 180 });
    expect(berlin(at('2026-10-25T00:30:00Z'))).toMatchObject({ minute: 150 });
    expect(berlin(at('2026-10-25T01:30:00Z'))).toMatchObject({ minute: 150 });
  });

  it('asks the zone once a minute', () => {
    const first = clock(at('2026-11-22T04:00:00Z'));
    expect(clock(at('2026-11-22T04:00:59.999Z'))).toBe(first);
    expect(clock(at('2026-11-22T04:01:00Z'))).not.toBe(first);
  });

  it('knows the day after', () => {
    expect(clock(at('2026-09-30T12:00:00Z')).tomorrow).toEqual({ date: '20261001', weekday: 4, kind: 'day-off' });
    expect(clock(at('2027-12-31T12:00:00Z')).tomorrow).toMatchObject({ date: '20280101' });
  });

  it.each(['Asia/Shanghai', 'Europe/Berlin', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Asia/Kathmandu'])(
    'finds the instant that a clock in %s shows',
    (timeZone) => {
      const local = campusClock({ timeZone, holidays: [], workdays: [] });
      fc.assert(
        fc.property(fc.integer({ min: 946_684_800, max: 2_524_608_000 }), (second) => {
          const minute = Math.floor(second / 60) * 60_000;
          const shown = local(epochMs(minute));
          const found = campusInstant(local, shown.date, shown.minute);
          expect(local(found)).toMatchObject({ date: shown.date, minute: shown.minute });
          expect(found).toBeLessThanOrEqual(minute);
        }),
        { numRuns: 200 },
      );
    },
  );

  it('goes over midnight, and over an hour that the clock skips', () => {
    expect(campusInstant(clock, '20261231', 1_440 + 30)).toBe(at('2026-12-31T16:30:00Z'));
    const berlin = campusClock({ timeZone: 'Europe/Berlin', holidays: [], workdays: [] });
    expect(campusInstant(berlin, '20260329', 150)).toBe(at('2026-03-29T01:00:00Z'));
  });

  it('gives the same answer whatever was asked before', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4e12 }).map(epochMs), { minLength: 1 }), (instants) => {
        for (const instant of instants)
          expect(clock(instant)).toEqual(
            campusClock({
              timeZone: 'Asia/Shanghai',
              holidays: ['2026-10-01', '2026-10-02'],
              workdays: ['2026-10-10'],
            })(instant),
          );
      }),
      { numRuns: 20 },
    );
  });
});
