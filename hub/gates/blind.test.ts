import { epochMs } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gateSchema } from '../config/index.ts';
import { createBlindness, scheduledOpen, union } from './blind.ts';
import { campusClock } from '../calendar/index.ts';
import { standingOf } from './standing.ts';

const clock = campusClock({ timeZone: 'Asia/Shanghai', holidays: [], workdays: [] });
const at = (text: string) => epochMs(Date.parse(`${text}+08:00`));
const span = (from: number, until: number) => ({ from: epochMs(from), until: epochMs(until) });

describe('spans', () => {
  it('are made into the fewest that cover the same', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(100), fc.nat(20)).map(([from, length]) => span(from, from + length))),
        fc.nat(130),
        (spans, moment) => {
          const joined = union(spans);
          const covers = (list: readonly { from: number; until: number }[]) =>
            list.some(({ from, until }) => from <= moment && moment < until);
          expect(covers(joined)).toBe(covers(spans));
          for (const [index, one] of joined.entries()) {
            expect(one.from).toBeLessThan(one.until);
            expect(one.from).toBeGreaterThan(joined[index - 1]?.until ?? -1);
          }
        },
      ),
    );
  });
});

describe('when a schedule left a gate open', () => {
  it('is what the gate itself does, minute for minute', () => {
    const window = fc.record({
      from: fc.nat(1_439),
      until: fc.nat(1_439),
      standing: fc.constant('open' as const),
      weekdays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
    });
    const start = at('2026-11-20T00:00');
    fc.assert(
      fc.property(fc.array(window, { maxLength: 3 }), fc.nat(3 * 1_440), (schedule, minute) => {
        const moment = epochMs(start + minute * 60_000);
        const open = scheduledOpen(schedule, clock, { from: start, until: at('2026-11-24T00:00') });
        const standing = standingOf({ id: 'g', area: 'a', schedule }, [], clock, moment);
        expect(open.some(({ from, until }) => from <= moment && moment < until)).toBe(standing === 'open');
      }),
    );
  });
});

describe('blindness of an area', () => {
  const gate = (id: string, change: object = {}) =>
    gateSchema.parse({
      id,
      area: 'dorm',
      label: { zh: '门', en: 'Gate' },
      reader: `${id}-r`,
      barrier: `${id}-b`,
      ...change,
    });
  const within = { from: at('2026-11-20T12:00'), until: at('2026-11-21T12:00') };
  const dark = { 'a-r': [{ from: at('2026-11-20T20:00'), until: at('2026-11-20T20:05') }] } as Record<
    string,
    { from: ReturnType<typeof at>; until: ReturnType<typeof at> }[]
  >;
  const blind = createBlindness({
    gates: [
      gate('a', {
        schedule: [
          { from: '07:30', until: '08:00', standing: 'open' },
          { from: '01:00', until: '02:00', standing: 'closed' },
        ],
      }),
      gate('b'),
      { ...gate('c'), area: 'elsewhere' },
    ],
    campusClock: clock,
    stoodOpen: ({ id }) => (id === 'b' ? [{ from: at('2026-11-20T20:04'), until: at('2026-11-20T20:10') }] : []),
    dark: (device) =>
      device === 'b-r'
        ? [{ from: at('2026-11-20T22:00'), until: at('2026-11-20T22:01') }]
        : device.startsWith('c')
          ? [within]
          : (dark[device] ?? []),
  });

  it('is where a schedule or an order left a gate open, or a device was away for more than a blink', () => {
    expect(blind('dorm', within)).toEqual([
      { from: at('2026-11-20T20:00'), until: at('2026-11-20T20:10') },
      { from: at('2026-11-21T07:30'), until: at('2026-11-21T08:00') },
    ]);
  });
});
