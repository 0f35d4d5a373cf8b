import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, minutes, ms } from '@hallhub/sync/base';
import { accumulatingPriority } from './calling.ts';
import type { Waiting } from './calling.ts';
import type { HallNow } from './estimate.ts';
import { expectedFor, expectedWaits, serviceTime, trimmedMean } from './estimate.ts';

const NOW = epochMs(Date.UTC(2026, 8, 1, 2));
const ago = (minute: number): EpochMs => epochMs(NOW - minute * 60_000);
const one = (id: string, waited: number, service = 'card'): Waiting => ({
  ...{ id, service, class: 'walk-in', arrival: ago(waited), front: false, isAppointment: false },
});
const hall = (rest: Partial<HallNow>): HallNow => ({
  ...{ now: NOW, rule: accumulatingPriority, classes: {}, firstCap: 2, firstInRow: 0, callBy: {} },
  counters: [{ id: 'w1', services: new Set(['card']) }],
  waiting: [],
  times: () => ({ quick: minutes(4), mean: minutes(5), slow: minutes(8) }),
  ...rest,
});

describe('the time that a service takes', () => {
  it('leaves out the extremes', () => {
    expect(trimmedMean([1, ...Array<number>(8).fill(5), 500])).toBe(5);
    expect(trimmedMean([])).toBeUndefined();
  });

  it('is what was configured until there are visits, and then what they took', () => {
    expect(serviceTime([], minutes(5))).toEqual({ quick: minutes(3.5), mean: minutes(5), slow: minutes(7) });
    const seen = serviceTime(
      Array.from({ length: 95 }, () => minutes(10)),
      minutes(5),
    );
    expect(seen.mean).toBe(minutes(9.75));
  });
});

describe('what somebody can expect', () => {
  it('is the work of those before, quick and slow', () => {
    const waits = expectedWaits(hall({ waiting: [one('a', 3), one('b', 2), one('c', 1)] }));
    expect(waits.get('a')).toEqual({ from: 0, to: 0 });
    expect(waits.get('c')).toEqual({ from: 2 * (minutes(4) + 15_000), to: 2 * (minutes(8) + 15_000) });
  });

  it('counts what is left of the visit at the counter, and never nothing while it lasts', () => {
    const busy = (since: number): number | undefined =>
      expectedFor(
        hall({ counters: [{ id: 'w1', services: new Set(['card']), busy: { service: 'card', since: ago(since) } }] }),
        one('new', 0),
      )?.to;
    expect(busy(2)).toBe(minutes(6) + 15_000);
    expect(busy(60)).toBe(minutes(1.6) + 15_000);
  });

  it('is nothing that could be said where no counter does it', () => {
    expect(expectedFor(hall({}), one('new', 0, 'visa'))).toBeUndefined();
    expect(expectedFor(hall({ counters: [] }), one('new', 0))).toBeUndefined();
  });

  it('never shrinks with more people before, and its ends are in order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 4 }), (before, counters) => {
        const at = (people: number) =>
          expectedFor(
            hall({
              counters: Array.from({ length: counters }, (_, n) => ({ id: `w${n}`, services: new Set(['card']) })),
              waiting: Array.from({ length: people }, (_, n) => one(`p${n}`, people - n + 1)),
            }),
            one('new', 0),
          );
        const [shorter, longer] = [at(before), at(before + 1)];
        expect(longer?.from).toBeGreaterThanOrEqual(shorter?.from ?? ms(0));
        expect(longer?.to).toBeGreaterThanOrEqual(longer?.from ?? ms(0));
      }),
    );
  });
});
