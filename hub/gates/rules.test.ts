import type { DurationMs } from '@hallhub/sync/base';
import { epochMs, hours } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gateCodes } from './codes.ts';
import type { DecisionInput, PassView } from './rules.ts';
import { decide } from './rules.ts';

const NOW = epochMs(1_000_000);
const pass: PassView = {
  requestId: 'r1',
  person: 0,
  companions: 0,
  validFrom: epochMs(900_000),
  validUntil: epochMs(1_100_000),
  revoked: false,
  places: [],
};
const input = (change: Partial<DecisionInput> = {}): DecisionInput => ({
  gate: { id: 'south', area: 'campus' },
  passes: [pass],
  now: NOW,
  local: { date: '20261122', minute: 600 },
  clockTrusted: true,
  freshness: { age: 0 as DurationMs, maxStaleness: hours(4), whenStale: 'refuse' },
  ...change,
});
const codeOf = (change: Partial<DecisionInput>) => {
  const decision = decide(input(change));
  return decision.granted ? 'granted' : decision.code;
};

describe('gate decision', () => {
  it.each<[string, Partial<DecisionInput>, string]>([
    ['an approved visitor', {}, 'granted'],
    ['somebody unknown', { passes: [] }, 'E-GATE-0101'],
    ['the millisecond before', { now: epochMs(899_999) }, 'E-GATE-0102'],
    ['the first millisecond', { now: epochMs(900_000) }, 'granted'],
    ['the last millisecond', { now: epochMs(1_099_999) }, 'granted'],
    ['the end itself', { now: epochMs(1_100_000) }, 'E-GATE-0103'],
    ['another gate', { passes: [{ ...pass, places: ['north'] }] }, 'E-GATE-0104'],
    ['this gate by name', { passes: [{ ...pass, places: ['south'] }] }, 'granted'],
    ['this gate by its area', { passes: [{ ...pass, places: ['campus'] }] }, 'granted'],
    ['a revoked pass', { passes: [{ ...pass, revoked: true }] }, 'E-GATE-0105'],
    [
      'a revoked pass beside a good one',
      {
        passes: [
          { ...pass, revoked: true },
          { ...pass, requestId: 'r2' },
        ],
      },
      'granted',
    ],
    [
      'an expired pass beside one for tomorrow',
      {
        passes: [
          { ...pass, validUntil: NOW },
          { ...pass, validFrom: epochMs(1_050_000) },
        ],
      },
      'E-GATE-0102',
    ],
    ['a picture too old', { freshness: { age: hours(5), maxStaleness: hours(4), whenStale: 'refuse' } }, 'E-GATE-0106'],
    [
      'a picture just fresh enough',
      { freshness: { age: hours(4), maxStaleness: hours(4), whenStale: 'refuse' } },
      'granted',
    ],
    [
      'a picture too old at a door that goes on',
      { freshness: { age: hours(5), maxStaleness: hours(4), whenStale: 'continue' } },
      'granted',
    ],
    [
      'a hall never reached',
      { freshness: { age: undefined, maxStaleness: hours(4), whenStale: 'refuse' } },
      'E-GATE-0106',
    ],
    ['a card on its last day', { cardValidTo: '20261122' }, 'granted'],
    ['a card past its date', { cardValidTo: '20261121' }, 'E-GATE-0107'],
    ['a clock nobody believes', { clockTrusted: false }, 'E-GATE-0108'],
    ['daily hours', { passes: [{ ...pass, daily: { from: 600, until: 601 } }] }, 'granted'],
    ['outside daily hours', { passes: [{ ...pass, daily: { from: 601, until: 700 } }] }, 'E-GATE-0102'],
    [
      'hours over midnight, before',
      { local: { date: '20261122', minute: 1_400 }, passes: [{ ...pass, daily: { from: 1_380, until: 60 } }] },
      'granted',
    ],
    [
      'hours over midnight, after',
      { local: { date: '20261122', minute: 30 }, passes: [{ ...pass, daily: { from: 1_380, until: 60 } }] },
      'granted',
    ],
    [
      'hours over midnight, at noon',
      { local: { date: '20261122', minute: 720 }, passes: [{ ...pass, daily: { from: 1_380, until: 60 } }] },
      'E-GATE-0102',
    ],
  ])('%s', (_, change, expected) => {
    expect(codeOf(change)).toBe(expected);
  });
});

const instant = fc.integer({ min: 0, max: 2_000_000 }).map(epochMs);
const place = fc.constantFrom('south', 'north', 'campus', 'library');
const passArbitrary: fc.Arbitrary<PassView> = fc.record({
  requestId: fc.uuid(),
  person: fc.nat(5),
  companions: fc.nat(3),
  validFrom: instant,
  validUntil: instant,
  revoked: fc.boolean(),
  places: fc.array(place, { maxLength: 3 }),
});
const inputArbitrary: fc.Arbitrary<DecisionInput> = fc.record({
  gate: fc.constant({ id: 'south', area: 'campus' }),
  passes: fc.array(passArbitrary, { maxLength: 5 }),
  now: instant,
  local: fc.record({ date: fc.constantFrom('20261121', '20261122'), minute: fc.nat(1_439) }),
  clockTrusted: fc.boolean(),
  freshness: fc.record({
    age: fc.option(
      fc.nat(20_000_000).map((value) => value as DurationMs),
      { nil: undefined },
    ),
    maxStaleness: fc.constant(hours(4)),
    whenStale: fc.constantFrom('refuse', 'continue'),
  }),
});

describe('gate decision, for any input', () => {
  it('answers with a grant or a reason that people can read', () => {
    fc.assert(
      fc.property(inputArbitrary, (any) => {
        const decision = decide(any);
        expect(decision.granted || decision.code in gateCodes).toBe(true);
      }),
    );
  });

  it('never grants on revoked passes alone', () => {
    fc.assert(
      fc.property(inputArbitrary, (any) => {
        expect(decide({ ...any, passes: any.passes.map((one) => ({ ...one, revoked: true })) }).granted).toBe(false);
      }),
    );
  });

  it('grants nothing more when a restriction is added', () => {
    const restrict = fc.constantFrom<(any: DecisionInput) => DecisionInput>(
      (any) => ({ ...any, passes: any.passes.slice(1) }),
      (any) => ({ ...any, clockTrusted: false }),
      (any) => ({ ...any, cardValidTo: '20261121' }),
      (any) => ({ ...any, freshness: { ...any.freshness, whenStale: 'refuse' } }),
      (any) => ({ ...any, passes: any.passes.map((one) => ({ ...one, places: ['library'] })) }),
    );
    fc.assert(
      fc.property(inputArbitrary, restrict, (any, restriction) => {
        if (!decide(any).granted) expect(decide(restriction(any)).granted).toBe(false);
      }),
    );
  });
});
