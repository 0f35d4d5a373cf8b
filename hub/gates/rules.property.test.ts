import type { DurationMs } from '@hallhub/sync/base';
import { epochMs, hours } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gateCodes } from './codes.ts';
import type { Pass } from './pass.ts';
import type { Alone, Candidate, DecisionInput } from './rules.ts';
import { decide } from './rules.ts';
import { NOW, gate, held, noon, pass, passback } from './testing/rule-inputs.ts';

const instant = fc.integer({ min: NOW - 400_000, max: NOW + 400_000 }).map(epochMs);
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const place = fc.constantFrom('south', 'north', 'campus', 'library');
const minute = fc.nat(1_439);
const windowArbitrary = fc.record(
  {
    weekdays: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
    on: fc.constantFrom<'workday' | 'day-off'>('workday', 'day-off'),
    from: minute,
    until: minute,
  },
  { requiredKeys: ['from', 'until'] },
);
const passArbitrary: fc.Arbitrary<Pass> = fc
  .record({
    requestId: fc.constantFrom('r1', 'r2', 'r3'),
    effect: fc.constantFrom('admit', 'admit', 'admit', 'deny'),
    subject: fc.constantFrom('aa', 'bb', 'cc'),
    validFrom: instant,
    validUntil: instant,
    revoked: fc.boolean(),
    places: fc.array(place, { maxLength: 3 }),
    direction: some(fc.constantFrom('in', 'out')),
    windows: fc.array(windowArbitrary, { maxLength: 2 }),
    uses: some(fc.record({ max: fc.integer({ min: 1, max: 3 }), per: fc.constantFrom('request', 'day') })),
    slot: some(fc.record({ id: fc.constant('s'), capacity: fc.integer({ min: 1, max: 3 }) })),
    oneInside: fc.boolean(),
    companions: fc.nat(3),
    escorted: fc.boolean(),
    may: fc.subarray(['escort', 'lead', 'override']),
  })
  .map(({ subject, direction, uses, slot, ...rest }) => ({
    ...pass,
    ...rest,
    id: `${rest.requestId}#0`,
    identities: [subject],
    ...(direction && { direction }),
    ...(uses && { uses }),
    ...(slot && { slot }),
  })) as fc.Arbitrary<Pass>;
const candidateArbitrary: fc.Arbitrary<Candidate> = fc
  .record({
    pass: passArbitrary,
    used: fc.record({ ever: fc.nat(4), today: fc.nat(4) }),
    slotTaken: fc.nat(4),
    otherInside: fc.boolean(),
    lastHere: some(instant),
    lastInArea: some(instant),
    insideSince: some(instant),
  })
  .map(({ lastHere, lastInArea, insideSince, ...rest }) => ({
    ...rest,
    ...(lastHere !== undefined && { lastHere }),
    ...(lastInArea !== undefined && { lastInArea }),
    ...(insideSince !== undefined && { insideSince }),
  }));
const inputArbitrary: fc.Arbitrary<DecisionInput> = fc
  .record({
    gate: fc
      .record({
        direction: fc.constantFrom<'in' | 'out'>('in', 'out'),
        exit: fc.constantFrom<'known' | 'checked'>('known', 'checked'),
        passback: some(
          fc.record({
            scope: fc.constantFrom<'gate' | 'area' | 'in-out'>('gate', 'area', 'in-out'),
            mode: fc.constantFrom<'strict' | 'warn'>('strict', 'warn'),
            within: fc.nat(200_000).map((value) => value as DurationMs),
          }),
        ),
        firstPerson: fc.boolean(),
        twoPeople: fc.boolean(),
        whenAlone: fc.constantFrom<'strict' | 'lenient'>('strict', 'lenient'),
        whenClockLost: fc.constantFrom<'refuse' | 'continue'>('refuse', 'continue'),
        duress: fc.constantFrom<'admit' | 'refuse'>('admit', 'refuse'),
      })
      .map(({ passback: antiPassback, ...rest }) => ({ ...gate, ...rest, ...(antiPassback && { antiPassback }) })),
    standing: fc.constantFrom<DecisionInput['standing']>('controlled', 'open', 'closed', 'lock-down', 'fire'),
    released: fc.boolean(),
    candidates: fc.array(candidateArbitrary, { maxLength: 4 }),
    now: instant,
    local: fc.record({ minute, weekday: fc.integer({ min: 1, max: 7 }) }).map((time) => ({ ...noon, ...time })),
    cardValidTo: some(fc.constantFrom('20261121', '20261122')),
    duress: fc.boolean(),
    companion: fc.boolean(),
    clockTrusted: fc.boolean(),
    alone: fc.constantFrom<Alone>(false, 'elsewhere', 'area'),
    freshness: fc.record({
      age: some(fc.nat(20_000_000).map((value) => value as DurationMs)),
      maxStaleness: fc.constant(hours(4)),
      whenStale: fc.constantFrom<'refuse' | 'continue'>('refuse', 'continue'),
    }),
    occupancy: some(fc.record({ inside: fc.nat(3), limit: fc.integer({ min: 1, max: 3 }) })),
    led: fc.boolean(),
    otherDoorOpen: fc.boolean(),
    partners: fc.array(passArbitrary, { maxLength: 2 }),
  })
  .map(({ cardValidTo, occupancy, ...rest }) => ({
    ...rest,
    ...(cardValidTo !== undefined && { cardValidTo }),
    ...(occupancy && { occupancy }),
  }));
/** The same, only with somebody who would be let in if nothing else spoke against it: grants are otherwise rare. */
const likely = inputArbitrary.map((any): DecisionInput => ({
  ...any,
  now: NOW,
  standing: 'controlled',
  clockTrusted: true,
  candidates: [
    held({ may: ['lead', 'override'] }),
    ...any.candidates.filter(({ pass: { effect } }) => effect === 'admit'),
  ],
  freshness: { ...any.freshness, whenStale: 'continue' },
}));
const anyInput = fc.oneof(inputArbitrary, likely);
const onEach =
  (change: (candidate: Candidate) => Candidate) =>
  (any: DecisionInput): DecisionInput => ({ ...any, candidates: any.candidates.map(change) });
/** Where nothing of the kind is said yet: another word in its place might be a milder one. */
const where = (unsaid: (pass: Pass) => boolean, change: Partial<Pass>) =>
  onEach(({ pass: was, ...rest }) => ({ ...rest, pass: unsaid(was) ? { ...was, ...change } : was }));
const onPass = (change: Partial<Pass>) =>
  onEach(({ pass: was, ...rest }) => ({ ...rest, pass: { ...was, ...change } }));

describe('gate decision, for any input', () => {
  it('answers with a grant or a reason that people can read', () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        const decision = decide(any);
        expect(decision.granted || decision.code in gateCodes).toBe(true);
      }),
    );
  });

  it('never grants on revoked passes alone', () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        expect(decide(onPass({ revoked: true })(any)).granted).toBe(false);
      }),
    );
  });

  it('never grants what a deny list in force names', () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        const denied = held({ effect: 'deny', validFrom: epochMs(0), validUntil: epochMs(NOW * 2) });
        expect(decide({ ...any, candidates: [...any.candidates, denied] }).granted).toBe(false);
      }),
    );
  });

  it('grants by a pass that it was given, and to nobody without one', () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        const decision = decide(any);
        if (decision.granted) expect(any.candidates.map((candidate) => candidate.pass)).toContain(decision.pass);
        expect(decide({ ...any, candidates: [] }).granted).toBe(false);
      }),
    );
  });

  const restrictions: Readonly<Record<string, (any: DecisionInput) => DecisionInput>> = {
    'one pass fewer': (any) => ({ ...any, candidates: any.candidates.slice(1) }),
    'a deny list more': (any) => ({ ...any, candidates: [...any.candidates, held({ effect: 'deny' })] }),
    'a clock nobody believes': (any) => ({ ...any, clockTrusted: false }),
    'nobody to count with': (any) => ({ ...any, alone: 'area', gate: { ...any.gate, whenAlone: 'strict' } }),
    'a card past its date': (any) => ({ ...any, cardValidTo: '20261121' }),
    'a picture that must be fresh': (any) => ({ ...any, freshness: { ...any.freshness, whenStale: 'refuse' } }),
    'a lock-down': (any) => ({ ...any, standing: any.standing === 'controlled' ? 'lock-down' : any.standing }),
    'a closed gate': (any) => ({ ...any, standing: any.standing === 'controlled' ? 'closed' : any.standing }),
    'a full area': (any) => ({ ...any, occupancy: { inside: 9, limit: 1 } }),
    'two people': (any) => ({ ...any, gate: { ...any.gate, twoPeople: true } }),
    'a first person': (any) => ({ ...any, gate: { ...any.gate, firstPerson: true } }),
    'a strict way out': (any) => ({ ...any, gate: { ...any.gate, exit: 'checked' } }),
    'no partners': (any) => ({ ...any, partners: [] }),
    'nobody led': (any) => ({ ...any, led: false }),
    'the other door open': (any) => ({ ...any, otherDoorOpen: true }),
    'duress refused': (any) => ({ ...any, duress: true, gate: { ...any.gate, duress: 'refuse' } }),
    'anti-passback': (any) => ({ ...any, gate: { ...passback('gate'), ...any.gate } }),
    'other places': onPass({ places: ['library'] }),
    'one hour only': where(({ windows }) => windows.length === 0, { windows: [{ from: 0, until: 1 }] }),
    'one way only': (any) => onPass({ direction: any.gate.direction === 'in' ? 'out' : 'in' })(any),
    'one use': where(({ uses }) => !uses, { uses: { max: 1, per: 'request' } }),
    'an escort': onPass({ escorted: true }),
    'no privileges': onPass({ may: [] }),
    'one car at a time': onPass({ oneInside: true }),
    'more used': onEach((candidate) => ({ ...candidate, used: { ever: 9, today: 9 }, slotTaken: 9 })),
  };
  it.each(Object.entries(restrictions))('grants nothing more with %s', (_, restriction) => {
    fc.assert(
      fc.property(anyInput, (any) => {
        fc.pre(!decide(any).granted);
        expect(decide(restriction(any)).granted).toBe(false);
      }),
    );
  });
});
