import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, minutes } from '@hallhub/sync/base';
import type { Called, Calling, Waiting } from './calling.ts';
import { accumulatingPriority, callingRules, firstCome, staticPriority } from './calling.ts';

const NOW = epochMs(Date.UTC(2026, 8, 1, 2));
const ago = (minute: number): EpochMs => epochMs(NOW - minute * 60_000);
const one = (id: string, waited: number, rest: Partial<Waiting> = {}): Waiting => ({
  ...{ id, service: 'card', class: 'walk-in', arrival: ago(waited), front: false, isAppointment: false },
  ...rest,
});
const calling = (rest: Partial<Calling> = {}): Calling => ({
  now: NOW,
  counter: { id: 'w1', services: new Set(['card', 'loan']) },
  classes: { elder: { rate: 2, first: false }, disabled: { rate: 1, first: true } },
  firstInRow: 0,
  firstCap: 2,
  callBy: {},
  others: [],
  lasts: () => minutes(5),
  ...rest,
});
const who = (called: Called | undefined): string | undefined => called && `${called.id} ${called.because}`;
const next = (waiting: readonly Waiting[], rest?: Partial<Calling>): string | undefined =>
  who(accumulatingPriority(waiting, calling(rest)));

describe('accumulating priority', () => {
  it('calls whoever waited longest, and a class with twice the rate after half the wait', () => {
    expect(next([one('a', 9), one('b', 10)])).toBe('b turn');
    expect(next([one('a', 10), one('b', 4, { class: 'elder' })])).toBe('a turn');
    expect(next([one('a', 10), one('b', 6, { class: 'elder' })])).toBe('b turn');
  });

  it('calls nobody whose service the counter does not do, nor whoever was sent to another', () => {
    expect(next([one('a', 9, { service: 'visa' })])).toBeUndefined();
    expect(next([one('a', 9, { forCounter: 'w2' })])).toBeUndefined();
    expect(next([one('a', 9, { service: 'visa', forCounter: 'w1' })])).toBe('a turn');
  });

  it('calls the first tier first, but not for ever while others wait', () => {
    const waiting = [one('a', 30), one('b', 1, { class: 'disabled' })];
    expect(next(waiting)).toBe('b first-tier');
    expect(next(waiting, { firstInRow: 2 })).toBe('a turn');
    expect(next(waiting.slice(1), { firstInRow: 2 })).toBe('b first-tier');
  });

  it('calls whoever was sent to the front before the others, and whoever is overdue before all', () => {
    const waiting = [one('a', 30), one('b', 1, { front: true }), one('c', 1, { class: 'disabled' })];
    expect(next(waiting)).toBe('b sent-to-front');
    expect(next(waiting, { callBy: { card: minutes(20) } })).toBe('a overdue');
  });

  it('counts the wait of an appointment from its time, and calls it early only where nobody else waits', () => {
    const booked = one('b', -10, { isAppointment: true });
    expect(next([one('a', 1), booked])).toBe('a turn');
    expect(next([booked])).toBe('b early');
    expect(next([one('a', -10)])).toBeUndefined();
  });

  it('keeps a slot that no counter could keep after another turn', () => {
    const booked = one('b', -3, { isAppointment: true });
    expect(next([one('a', 60), booked])).toBe('b slot');
    const other = (minute: number): Calling['others'] => [{ services: new Set(['card']), freeAt: ago(-minute) }];
    expect(next([one('a', 60), booked], { others: other(2) })).toBe('a turn');
    expect(next([one('a', 60), booked], { others: other(4) })).toBe('b slot');
  });
});

describe('the rules that it is compared with', () => {
  it('are first come, and rank before wait', () => {
    const waiting = [one('a', 30), one('b', 1, { class: 'elder' }), one('c', 2, { class: 'disabled' })];
    expect(who(firstCome(waiting, calling()))).toBe('a turn');
    expect(who(staticPriority(waiting, calling()))).toBe('c turn');
    expect(who(staticPriority(waiting.slice(0, 2), calling()))).toBe('b turn');
  });
});

const someone = fc.record({
  id: fc.uuid(),
  service: fc.constantFrom('card', 'loan', 'visa'),
  class: fc.constantFrom('walk-in', 'elder', 'disabled', 'unheard-of'),
  arrival: fc.integer({ min: -20, max: 120 }).map(ago),
  front: fc.boolean(),
  isAppointment: fc.boolean(),
});
const crowd = fc.uniqueArray(someone, { selector: ({ id }) => id, maxLength: 25 });

describe('any rule and any crowd', () => {
  it('names one of those whom the counter may call, in whatever order they are given', () => {
    fc.assert(
      fc.property(crowd, fc.constantFrom(...Object.values(callingRules)), (waiting, rule) => {
        const called = rule(waiting, calling());
        const mine = waiting.filter(({ service }) => service !== 'visa');
        if (!called) {
          expect(mine.filter(({ arrival, isAppointment }) => arrival <= NOW || isAppointment)).toEqual([]);
          return;
        }
        expect(mine.map(({ id }) => id)).toContain(called.id);
        expect(rule([...waiting].reverse(), calling())).toEqual(called);
      }),
    );
  });

  /** One visit a minute, and each minute one of the first tier comes; how many are called until the one who came first is. */
  const callsUntilFirst = (
    elderComes: (minute: number) => boolean,
    { rate, ...rest }: Pick<Calling, 'firstCap' | 'callBy'> & { readonly rate: number },
  ): number => {
    const classes = { elder: { rate, first: false }, disabled: { rate: 1, first: true } };
    let waiting: Waiting[] = [one('first', 0)];
    let firstInRow = 0;
    for (let minute = 0; minute < 1_000; minute += 1) {
      if (elderComes(minute)) waiting.push(one(`e${minute}`, -minute, { class: 'elder' }));
      waiting.push(one(`d${minute}`, -minute, { class: 'disabled' }));
      const now = epochMs(NOW + minute * 60_000);
      const called = accumulatingPriority(waiting, calling({ ...rest, now, classes, firstInRow }));
      if (called?.id === 'first') return minute;
      firstInRow = called?.id.startsWith('d') === true ? firstInRow + 1 : 0;
      waiting = waiting.filter(({ id }) => id !== called?.id);
    }
    return Number.POSITIVE_INFINITY;
  };
  const rate = fc.integer({ min: 2, max: 9 });
  const firstCap = fc.integer({ min: 1, max: 5 });

  it('starves nobody while the counters can do the work, however high the others’ rate', () => {
    fc.assert(
      fc.property(rate, firstCap, (high, cap) => {
        // Of cap + 1 calls one is not of the first tier; half of those are needed for elders.
        const called = callsUntilFirst((minute) => minute % (2 * (cap + 1)) === 0, {
          rate: high,
          firstCap: cap,
          callBy: {},
        });
        expect(called).toBeLessThanOrEqual(3 * (cap + 1));
      }),
    );
  });

  it('lets nobody wait beyond the limit of the service for others’ sake, even where there is more work than can be done', () => {
    fc.assert(
      fc.property(rate, firstCap, fc.integer({ min: 5, max: 60 }), (high, cap, limit) => {
        const called = callsUntilFirst(() => true, { rate: high, firstCap: cap, callBy: { card: minutes(limit) } });
        expect(called).toBeLessThanOrEqual(limit + 1);
      }),
    );
  });
});
