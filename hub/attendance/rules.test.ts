import { epochMs, hours, minutes } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NightInput, Passage, Span } from './rules.ts';
import { isMilder, judge } from './rules.ts';

/** Minutes from 23:00, the curfew: 90 is the end of the time for coming late, 390 the morning. */
const at = (minute: number) => epochMs(1_800_000_000_000 + minute * 60_000);
const night = { date: '20270115', curfew: at(0), lateUntil: at(90), close: at(390) };
const went = (way: 'in' | 'out', minute: number, sure = true): Passage => ({ way, at: at(minute), sure });
const span = (from: number, until: number): Span => ({ from: at(from), until: at(until) });
const input = (change: Partial<NightInput> = {}): NightInput => ({
  night,
  asOf: night.close,
  passages: [],
  blind: [],
  leaves: [],
  exempt: false,
  staleAfter: hours(48),
  ...change,
});
const say = (change: Partial<NightInput>): string => {
  const { status, ground } = judge(input(change));
  return `${status} ${ground}`;
};

describe('a night', () => {
  it.each<[string, Partial<NightInput>, string]>([
    ['came in before the curfew', { passages: [went('in', -60)] }, 'in came-in'],
    ['came in on the minute', { passages: [went('in', 0)] }, 'in came-in'],
    ['came in after it', { passages: [went('in', 1)] }, 'late came-in'],
    ['came in with the last minute', { passages: [went('in', 90)] }, 'late came-in'],
    ['came back in the small hours', { passages: [went('out', -60), went('in', 91)] }, 'out came-later'],
    ['went out and stayed out', { passages: [went('in', -300), went('out', -60)] }, 'out went-out'],
    ['went out after the curfew', { passages: [went('in', -60), went('out', 30)] }, 'out went-out'],
    ['out for a moment after the curfew', { passages: [went('out', 10), went('in', 15)] }, 'late came-in'],
    ['left before dawn', { passages: [went('in', -60), went('out', 380)] }, 'in came-in'],
    ['was only seen leaving before dawn', { passages: [went('out', 380)] }, 'in left-later'],
    ['was never seen', {}, 'unknown never'],
    ['was last seen days ago', { passages: [went('in', -60 * 48)] }, 'unknown stale'],
    ['was last seen just short of that', { passages: [went('in', 90 - 48 * 60)] }, 'in came-in'],
    ['what happens in the morning says nothing', { passages: [went('out', -60), went('in', 391)] }, 'out went-out'],

    [
      'a gate stood open after they came in',
      { passages: [went('in', -60)], blind: [span(-30, -20)] },
      'unknown unseen',
    ],
    [
      'a gate stood open after they went out',
      { passages: [went('out', -60)], blind: [span(-30, -20)] },
      'unknown unseen',
    ],
    ['a gate stood open before they came in', { passages: [went('in', -10)], blind: [span(-30, -20)] }, 'in came-in'],
    ['a gate stood open as they came in', { passages: [went('in', -20)], blind: [span(-30, -20)] }, 'in came-in'],
    ['a gate stands open in the morning', { passages: [went('in', -10)], blind: [span(200, 300)] }, 'in came-in'],
    [
      'came in late, and a gate stood open after',
      { passages: [went('in', 20)], blind: [span(30, 40)] },
      'late came-in',
    ],
    ['a span of no length', { passages: [went('in', -60)], blind: [span(-30, -30)] }, 'in came-in'],
    [
      'unseen in the evening, seen leaving at dawn',
      { passages: [went('out', -60), went('out', 300)], blind: [span(-30, -20)] },
      'in left-later',
    ],
    [
      'unseen in the evening and at night',
      { passages: [went('out', -60), went('in', 300)], blind: [span(-30, -20), span(100, 110)] },
      'unknown unseen',
    ],
    ['in twice: they left unseen', { passages: [went('in', -60), went('in', 200)] }, 'unknown contradiction'],
    ['out twice: they came in unseen', { passages: [went('out', -60), went('out', 200)] }, 'unknown contradiction'],
    ['in late and in again: late was seen', { passages: [went('in', 10), went('in', 200)] }, 'late came-in'],
    ['a passage that nobody confirmed', { passages: [went('in', -60, false)] }, 'unknown unconfirmed'],
    ['late, unconfirmed', { passages: [went('in', 30, false)] }, 'unknown unconfirmed'],

    ['on leave, out', { passages: [went('out', -60)], leaves: [span(-100, 500)] }, 'leave leave'],
    ['on leave, and yet in', { passages: [went('in', -60)], leaves: [span(-100, 500)] }, 'in came-in'],
    ['on leave, came in late', { passages: [went('in', 30)], leaves: [span(-100, 500)] }, 'leave leave'],
    ['leave ended before the curfew', { passages: [went('out', -60)], leaves: [span(-100, -1)] }, 'out went-out'],
    ['leave ends in the night, back in time', { passages: [went('in', 50)], leaves: [span(-100, 60)] }, 'in came-in'],
    ['leave ends in the night, back late', { passages: [went('in', 61)], leaves: [span(-100, 60)] }, 'late came-in'],
    ['leave ends in the night, not back', { passages: [went('out', -60)], leaves: [span(-100, 60)] }, 'out went-out'],
    ['leave begins in the night', { passages: [went('out', 30)], leaves: [span(20, 5_000)] }, 'leave leave'],
    ['leave begins after it', { passages: [went('out', -60)], leaves: [span(91, 5_000)] }, 'out went-out'],
    ['exempt, whatever was seen', { passages: [went('out', -60)], exempt: true }, 'exempt exempt'],

    ['in the evening, not back yet', { asOf: at(-30), passages: [went('out', -60)] }, 'out went-out'],
    ['in the evening: what comes is not known', { asOf: at(-30), passages: [went('in', -20)] }, 'unknown never'],
    [
      'in the evening: a leave of tonight counts',
      { asOf: at(-30), passages: [went('out', -60)], leaves: [span(0, 500)] },
      'leave leave',
    ],
  ])('%s', (_, change, expected) => {
    expect(say(change)).toBe(expected);
  });

  it('says when they came back', () => {
    expect(judge(input({ passages: [went('out', -60), went('in', 200)] })).at).toBe(at(200));
    expect(judge(input({ passages: [went('in', 20)] })).at).toBe(at(20));
  });
});

describe('of any night', () => {
  const minute = fc.integer({ min: -3_500, max: 600 });
  const passage = fc.record({
    at: minute.map(at),
    way: fc.constantFrom('in' as const, 'out' as const),
    sure: fc.boolean(),
  });
  const spans = fc.array(
    fc.tuple(minute, fc.integer({ min: 0, max: 600 })).map(([from, length]) => span(from, from + length)),
    { maxLength: 5 },
  );
  const any: fc.Arbitrary<NightInput> = fc.record({
    night: fc.constant(night),
    asOf: minute.map(at),
    passages: fc.array(passage, { maxLength: 8 }),
    blind: spans,
    leaves: spans,
    exempt: fc.boolean(),
    staleAfter: fc.constantFrom(hours(48), minutes(30)),
  });

  it('the order of events does not matter', () => {
    fc.assert(
      fc.property(
        any.chain((one) =>
          fc.tuple(
            fc.constant(one),
            fc.shuffledSubarray([...one.passages], { minLength: one.passages.length }),
            fc.shuffledSubarray([...one.blind], { minLength: one.blind.length }),
          ),
        ),
        ([one, passages, blind]) => {
          expect(judge({ ...one, passages, blind })).toEqual(judge(one));
        },
      ),
    );
  });

  it('an event told twice changes nothing', () => {
    fc.assert(
      fc.property(any, (one) => {
        expect(judge({ ...one, passages: [...one.passages, ...one.passages] })).toEqual(judge(one));
      }),
    );
  });

  it('a leave never makes it worse', () => {
    fc.assert(
      fc.property(any, spans, (one, leaves) => {
        const with_ = judge({ ...one, leaves: [...one.leaves, ...leaves] });
        expect(isMilder(judge(one).status, with_.status)).toBe(false);
      }),
    );
  });

  it('not having been watched never makes it worse than unknown', () => {
    fc.assert(
      fc.property(any, spans, (one, blind) => {
        const before = judge(one).status;
        const blinder = judge({ ...one, blind: [...one.blind, ...blind] }).status;
        // Blindness may cost somebody the proof that they were in; it never finds anybody late or out.
        if (blinder === 'late' || blinder === 'out') expect(isMilder(before, blinder)).toBe(before === 'unknown');
      }),
    );
  });

  it('nobody is late or out by what nobody saw', () => {
    fc.assert(
      fc.property(any, (one) => {
        const { status, at: when } = judge(one);
        if (status === 'late' || status === 'out')
          expect(one.passages.some((passage) => passage.sure && passage.at === when)).toBe(true);
      }),
    );
  });

  it('what happens after the morning says nothing', () => {
    fc.assert(
      fc.property(
        any,
        fc.integer({ min: 391, max: 3_000 }),
        fc.constantFrom('in' as const, 'out' as const),
        (one, later, way) => {
          expect(judge({ ...one, passages: [...one.passages, went(way, later)] })).toEqual(judge(one));
        },
      ),
    );
  });
});
