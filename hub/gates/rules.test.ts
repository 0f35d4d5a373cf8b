import type { DurationMs } from '@hallhub/sync/base';
import { epochMs, hours, minutes } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CampusTime } from './calendar.ts';
import { gateCodes } from './codes.ts';
import type { Curfew } from './curfew.ts';
import type { Pass } from './pass.ts';
import { plainTerms } from './pass.ts';
import type { Candidate, DecisionInput, GateRules } from './rules.ts';
import { decide, withinWindows } from './rules.ts';

const NOW = epochMs(100_000_000);
const ago = (duration: DurationMs) => epochMs(NOW - duration);
const pass: Pass = {
  ...plainTerms,
  id: 'r1#0',
  requestId: 'r1',
  person: 0,
  kind: 'visitor-access',
  effect: 'admit',
  identities: ['aa'],
  account: 'r1#0',
  validFrom: epochMs(NOW - 100_000),
  validUntil: epochMs(NOW + 100_000),
  revoked: false,
};
const gate: GateRules = {
  id: 'south',
  area: 'campus',
  direction: 'in',
  exit: 'known',
  firstPerson: false,
  twoPeople: false,
  whenClockLost: 'refuse',
  whenAlone: 'lenient',
  duress: 'admit',
};
const noon: CampusTime = {
  date: '20261122',
  weekday: 7,
  kind: 'day-off',
  minute: 720,
  yesterday: { date: '20261121', weekday: 6, kind: 'day-off' },
  tomorrow: { date: '20261123', weekday: 1, kind: 'workday' },
};
const held = (terms: Partial<Pass> = {}, history: Partial<Candidate> = {}): Candidate => ({
  pass: { ...pass, ...terms },
  used: { ever: 0, today: 0 },
  slotTaken: 0,
  otherInside: false,
  ...history,
});
const input = (change: Partial<DecisionInput> = {}): DecisionInput => ({
  gate,
  standing: 'controlled',
  candidates: [held()],
  now: NOW,
  local: noon,
  duress: false,
  companion: false,
  clockTrusted: true,
  alone: false,
  freshness: { age: 0 as DurationMs, maxStaleness: hours(4), whenStale: 'refuse' },
  led: true,
  otherDoorOpen: false,
  partners: [],
  ...change,
});
const at = (rules: Partial<GateRules>): GateRules => ({ ...gate, ...rules });
const one = (terms: Partial<Pass>, history: Partial<Candidate> = {}): Partial<DecisionInput> => ({
  candidates: [held(terms, history)],
});
const outward = at({ direction: 'out' });
const checked = at({ direction: 'out', exit: 'checked' });
const stale = { age: hours(5), maxStaleness: hours(4), whenStale: 'refuse' } as const;
const passback = (scope: 'gate' | 'area' | 'in-out', mode: 'strict' | 'warn' = 'strict') => ({
  antiPassback: { scope, mode, within: minutes(10) },
});
const shut = (then: 'late' | 'refuse', weekdays = [7]): Curfew => ({
  nights: [{ weekdays, from: 720, lateUntil: 1_380 }],
  until: 330,
  then,
});
const strict = { alone: true, gate: at({ whenAlone: 'strict' }) };
const escort: Pass = { ...pass, id: 'r9#0', identities: ['ee'], may: ['escort'] };
const other: Pass = { ...pass, id: 'r8#0', identities: ['dd'] };

const codeOf = (change: Partial<DecisionInput>): string => {
  const decision = decide(input(change));
  return decision.granted ? ['granted', ...decision.warnings].join(' ') : decision.code;
};

describe('gate decision', () => {
  it.each<[string, Partial<DecisionInput>, string]>([
    ['an approved visitor', {}, 'granted'],
    ['somebody unknown', { candidates: [] }, 'E-GATE-0101'],

    ['the millisecond before', { now: epochMs(NOW - 100_001) }, 'E-GATE-0102'],
    ['the first millisecond', { now: epochMs(NOW - 100_000) }, 'granted'],
    ['the last millisecond', { now: epochMs(NOW + 99_999) }, 'granted'],
    ['the end itself', { now: epochMs(NOW + 100_000) }, 'E-GATE-0103'],
    ['another gate', one({ places: ['north'] }), 'E-GATE-0104'],
    ['this gate by name', one({ places: ['south'] }), 'granted'],
    ['this gate by its area', one({ places: ['campus'] }), 'granted'],
    ['a way out shown at a way in', one({ direction: 'out' }), 'E-GATE-0115'],
    ['a way in shown at a way in', one({ direction: 'in' }), 'granted'],
    ['a way out shown at a way out', { gate: outward, ...one({ direction: 'out' }) }, 'granted'],
    ['a revoked pass', one({ revoked: true }), 'E-GATE-0105'],
    [
      'a revoked pass beside a good one',
      { candidates: [held({ revoked: true }), held({ requestId: 'r2' })] },
      'granted',
    ],
    [
      'an expired pass beside one for tomorrow: it says when to come back',
      { candidates: [held({ validUntil: NOW }), held({ validFrom: epochMs(NOW + 50_000) })] },
      'E-GATE-0102',
    ],
    [
      'the same two the other way round',
      { candidates: [held({ validFrom: epochMs(NOW + 50_000) }), held({ validUntil: NOW })] },
      'E-GATE-0102',
    ],
    ['within the hours', one({ windows: [{ from: 720, until: 721 }] }), 'granted'],
    ['at the end of the hours', one({ windows: [{ from: 700, until: 720 }] }), 'E-GATE-0114'],
    ['outside the hours', one({ windows: [{ from: 721, until: 800 }] }), 'E-GATE-0114'],

    ['a deny list beside a good pass', { candidates: [held(), held({ effect: 'deny' })] }, 'E-GATE-0112'],
    ['a deny list for somewhere else', { candidates: [held(), held({ effect: 'deny', places: ['lab'] })] }, 'granted'],
    ['a deny list that has ended', { candidates: [held(), held({ effect: 'deny', validUntil: NOW })] }, 'granted'],
    ['a deny list that begins', { candidates: [held(), held({ effect: 'deny', validFrom: NOW })] }, 'E-GATE-0112'],
    [
      'a deny list not begun',
      { candidates: [held(), held({ effect: 'deny', validFrom: epochMs(NOW + 1) })] },
      'granted',
    ],
    ['a deny list taken back', { candidates: [held(), held({ effect: 'deny', revoked: true })] }, 'granted'],
    ['a deny list alone', one({ effect: 'deny', places: ['lab'] }), 'E-GATE-0101'],

    ['uses left', one({ uses: { max: 2, per: 'request' } }, { used: { ever: 1, today: 1 } }), 'granted'],
    ['uses spent', one({ uses: { max: 2, per: 'request' } }, { used: { ever: 2, today: 0 } }), 'E-GATE-0109'],
    ['uses of today spent', one({ uses: { max: 1, per: 'day' } }, { used: { ever: 9, today: 1 } }), 'E-GATE-0109'],
    ['uses of another day', one({ uses: { max: 1, per: 'day' } }, { used: { ever: 9, today: 0 } }), 'granted'],
    [
      'uses spent, and a companion of the last',
      { ...one({ uses: { max: 1, per: 'request' } }, { used: { ever: 1, today: 1 } }), companion: true },
      'granted',
    ],
    [
      'uses spent, on the way out',
      {
        gate: checked,
        ...one({ uses: { max: 1, per: 'request' } }, { used: { ever: 1, today: 1 }, insideSince: NOW }),
      },
      'granted',
    ],
    ['a place in the slot', one({ slot: { id: 's', capacity: 2 } }, { slotTaken: 1 }), 'granted'],
    ['a full slot', one({ slot: { id: 's', capacity: 2 } }, { slotTaken: 2 }), 'E-GATE-0123'],
    [
      'a full slot, on the way out',
      { gate: outward, ...one({ slot: { id: 's', capacity: 2 } }, { slotTaken: 2 }) },
      'granted',
    ],
    ['the second car of one permit', one({ oneInside: true }, { otherInside: true }), 'E-GATE-0124'],
    ['the only car of one permit', one({ oneInside: true }), 'granted'],

    [
      'again through the same gate',
      { gate: at(passback('gate')), ...one({}, { lastHere: ago(minutes(9)) }) },
      'E-GATE-0110',
    ],
    ['again, late enough', { gate: at(passback('gate')), ...one({}, { lastHere: ago(minutes(10)) }) }, 'granted'],
    [
      'again through another gate',
      { gate: at(passback('gate')), ...one({}, { lastInArea: ago(minutes(1)) }) },
      'granted',
    ],
    ['again into the area', { gate: at(passback('area')), ...one({}, { lastInArea: ago(minutes(9)) }) }, 'E-GATE-0110'],
    ['in while inside', { gate: at(passback('in-out')), ...one({}, { insideSince: ago(minutes(9)) }) }, 'E-GATE-0110'],
    [
      'in, and long forgotten',
      { gate: at(passback('in-out')), ...one({}, { insideSince: ago(minutes(10)) }) },
      'granted',
    ],
    [
      'in while inside, where it is only noted',
      { gate: at(passback('in-out', 'warn')), ...one({}, { insideSince: ago(minutes(1)) }) },
      'granted E-GATE-0110',
    ],
    [
      'a companion right behind',
      { gate: at(passback('gate')), ...one({}, { lastHere: ago(minutes(1)) }), companion: true },
      'granted',
    ],
    ['out without having come in', { gate: { ...checked, ...passback('in-out') } }, 'E-GATE-0110'],
    [
      'out after having come in',
      { gate: { ...checked, ...passback('in-out') }, ...one({}, { insideSince: NOW }) },
      'granted',
    ],
    ['out of an open house', { gate: { ...outward, ...passback('in-out') } }, 'granted'],

    ['in after the curfew', { gate: at({ curfew: shut('late') }), ...one({ kind: 'roster' }) }, 'granted E-GATE-0140'],
    ['in after the curfew, a visitor', { gate: at({ curfew: shut('late') }) }, 'granted'],
    ['in after a curfew that refuses', { gate: at({ curfew: shut('refuse') }) }, 'E-GATE-0141'],
    [
      'in after a curfew that refuses, with the right to override',
      { gate: at({ curfew: shut('refuse') }), ...one({ may: ['override'] }) },
      'granted',
    ],
    [
      'out after the curfew, a resident',
      { gate: { ...outward, curfew: shut('late') }, ...one({ kind: 'roster' }) },
      'granted',
    ],
    ['out after the curfew', { gate: { ...outward, curfew: shut('refuse') } }, 'granted'],
    ['in on an evening without a curfew', { gate: at({ curfew: shut('refuse', [1]) }) }, 'granted'],

    ['out after the end', { gate: outward, now: epochMs(NOW + 200_000) }, 'granted'],
    ['out after the end where leaving is checked', { gate: checked, now: epochMs(NOW + 200_000) }, 'E-GATE-0103'],
    ['out at any hour', { gate: outward, ...one({ windows: [{ from: 0, until: 1 }] }) }, 'granted'],
    [
      'out by a gate of another approval, from inside',
      { gate: outward, ...one({ places: ['north'] }, { insideSince: NOW }) },
      'granted',
    ],
    [
      'out by a gate of another approval, from nowhere',
      { gate: outward, ...one({ places: ['north'] }) },
      'E-GATE-0104',
    ],
    [
      'out by another gate where leaving is checked',
      { gate: checked, ...one({ places: ['north'] }, { insideSince: NOW }) },
      'E-GATE-0104',
    ],
    ['out with a withdrawn pass', { gate: outward, ...one({ revoked: true }) }, 'E-GATE-0105'],
    ['out on an old picture', { gate: outward, freshness: stale }, 'granted'],
    ['out where leaving is checked, on an old picture', { gate: checked, freshness: stale }, 'E-GATE-0106'],

    ['a picture too old', { freshness: stale }, 'E-GATE-0106'],
    ['a picture just fresh enough', { freshness: { ...stale, age: hours(4) } }, 'granted'],
    ['a picture too old at a door that goes on', { freshness: { ...stale, whenStale: 'continue' } }, 'granted'],
    ['a hall never reached', { freshness: { ...stale, age: undefined } }, 'E-GATE-0106'],
    ['a card on its last day', { cardValidTo: '20261122' }, 'granted'],
    ['a card past its date', { cardValidTo: '20261121' }, 'E-GATE-0107'],
    ['a clock nobody believes', { clockTrusted: false }, 'E-GATE-0108'],
    [
      'a clock nobody believes, at a door that goes on',
      { clockTrusted: false, gate: at({ whenClockLost: 'continue' }) },
      'granted',
    ],

    ['alone, with a count', { alone: true, ...one({ uses: { max: 2, per: 'request' } }) }, 'granted'],
    [
      'alone where that is strict, with a count',
      { ...strict, ...one({ uses: { max: 2, per: 'request' } }) },
      'E-GATE-0126',
    ],
    [
      'alone where that is strict, with a slot',
      { ...strict, ...one({ slot: { id: 's', capacity: 9 } }) },
      'E-GATE-0126',
    ],
    ['alone where that is strict, one of two cars', { ...strict, ...one({ oneInside: true }) }, 'E-GATE-0126'],
    ['alone where that is strict, nothing to count', strict, 'granted'],
    ['alone where that is strict, a companion', { ...strict, ...one({ oneInside: true }), companion: true }, 'granted'],
    [
      'alone where that is strict, out',
      { ...strict, gate: { ...outward, whenAlone: 'strict' }, ...one({ oneInside: true }) },
      'granted',
    ],
    [
      'alone where that is strict, an area to be counted',
      { alone: true, gate: at({ whenAlone: 'strict', ...passback('area') }) },
      'E-GATE-0126',
    ],
    [
      'alone where that is strict, a gate that counts for itself',
      { alone: true, gate: at({ whenAlone: 'strict', ...passback('gate') }) },
      'granted',
    ],
    ['not alone where that is strict', { gate: at({ whenAlone: 'strict' }), ...one({ oneInside: true }) }, 'granted'],

    ['a fire', { standing: 'fire' }, 'E-GATE-0121'],
    ['a lock-down', { standing: 'lock-down' }, 'E-GATE-0116'],
    ['a lock-down, and somebody who may override', { standing: 'lock-down', ...one({ may: ['override'] }) }, 'granted'],
    ['a closed gate', { standing: 'closed' }, 'E-GATE-0122'],
    ['a closed gate, and somebody who may override', { standing: 'closed', ...one({ may: ['override'] }) }, 'granted'],
    ['an open gate', { standing: 'open' }, 'granted'],
    ['an open gate and a stranger', { standing: 'open', candidates: [] }, 'E-GATE-0101'],
    ['the other door open', { otherDoorOpen: true }, 'E-GATE-0117'],
    ['a full area', { occupancy: { inside: 5, limit: 5 } }, 'E-GATE-0111'],
    ['the last place', { occupancy: { inside: 4, limit: 5 } }, 'granted'],
    [
      'a full area, and somebody who may override',
      { occupancy: { inside: 5, limit: 5 }, ...one({ may: ['override'] }) },
      'granted',
    ],
    ['a full area, on the way out', { gate: outward, occupancy: { inside: 5, limit: 5 } }, 'granted'],
    ['before the first person', { gate: at({ firstPerson: true }), led: false }, 'E-GATE-0118'],
    ['the first person', { gate: at({ firstPerson: true }), led: false, ...one({ may: ['lead'] }) }, 'granted'],
    ['after the first person', { gate: at({ firstPerson: true }) }, 'granted'],
    ['out before the first person', { gate: { ...outward, firstPerson: true }, led: false }, 'granted'],

    ['without the escort', one({ escorted: true }), 'E-GATE-0119'],
    ['with the escort', { ...one({ escorted: true }), partners: [escort] }, 'granted'],
    ['with somebody who may not escort', { ...one({ escorted: true }), partners: [other] }, 'E-GATE-0119'],
    ['escorted by oneself', { ...one({ escorted: true }), partners: [{ ...pass, may: ['escort'] }] }, 'E-GATE-0119'],
    ['out without the escort', { gate: outward, ...one({ escorted: true }) }, 'granted'],
    ['a companion of somebody escorted', { ...one({ escorted: true }), companion: true }, 'granted'],
    ['the first of two', { gate: at({ twoPeople: true }) }, 'E-GATE-0120'],
    ['the second of two', { gate: at({ twoPeople: true }), partners: [other] }, 'granted'],
    ['the same person twice', { gate: at({ twoPeople: true }), partners: [pass] }, 'E-GATE-0120'],
    [
      'somebody whose only company needs an escort',
      { gate: at({ twoPeople: true }), partners: [{ ...other, escorted: true }] },
      'E-GATE-0120',
    ],

    ['duress', { duress: true }, 'granted E-GATE-0113'],
    ['duress where it is refused', { duress: true, gate: at({ duress: 'refuse' }) }, 'E-GATE-0113'],
  ])('%s', (_, change, expected) => {
    expect(codeOf(change)).toBe(expected);
  });

  it('says whom somebody waits for', () => {
    expect(decide(input(one({ escorted: true })))).toMatchObject({ awaits: 'escort' });
    expect(decide(input({ gate: at({ twoPeople: true }) }))).toMatchObject({ awaits: 'second' });
    expect(decide(input({ standing: 'closed' }))).not.toHaveProperty('awaits');
  });

  it('spends the pass that costs its holder least', () => {
    const counted = held({ requestId: 'counted', uses: { max: 3, per: 'request' }, validUntil: epochMs(NOW + 1) });
    const long = held({ requestId: 'long', validUntil: epochMs(NOW + 90_000) });
    const short = held({ requestId: 'short', validUntil: epochMs(NOW + 10_000) });
    for (const candidates of [
      [counted, long, short],
      [short, long, counted],
      [long, short, counted],
    ])
      expect(decide(input({ candidates }))).toMatchObject({ granted: true, pass: { requestId: 'short' } });
  });

  it('names the first of several that open or refuse alike', () => {
    const [first, second] = [{ requestId: 'first' }, { requestId: 'second' }];
    expect(decide(input({ candidates: [held(first), held(second)] }))).toMatchObject({ granted: true, pass: first });
    const revoked = [held({ ...first, revoked: true }), held({ ...second, revoked: true })];
    expect(decide(input({ candidates: revoked }))).toMatchObject({ code: 'E-GATE-0105', pass: first });
  });
});

describe('windows', () => {
  const time = (
    weekday: number,
    kind: CampusTime['kind'],
    minute: number,
    yesterday: CampusTime['kind'],
  ): CampusTime => ({
    date: '20260301',
    weekday,
    kind,
    minute,
    yesterday: { date: '20260228', weekday: weekday === 1 ? 7 : weekday - 1, kind: yesterday },
    tomorrow: { date: '20260302', weekday: (weekday % 7) + 1, kind: 'workday' },
  });
  const night = { weekdays: [5], on: 'workday', from: 1_380, until: 120 } as const;
  it.each<[string, Parameters<typeof withinWindows>[0], CampusTime, boolean]>([
    ['no windows', [], noon, true],
    ['a weekday of the list', [{ weekdays: [1, 3], from: 0, until: 1_440 }], time(3, 'workday', 5, 'workday'), true],
    ['another weekday', [{ weekdays: [1, 3], from: 0, until: 1_440 }], time(2, 'workday', 5, 'workday'), false],
    ['a workday that is a Sunday', [{ on: 'workday', from: 0, until: 1_440 }], time(7, 'workday', 5, 'day-off'), true],
    ['a festival on a Thursday', [{ on: 'workday', from: 0, until: 1_440 }], time(4, 'day-off', 5, 'workday'), false],
    ['Friday before midnight', [night], time(5, 'workday', 1_380, 'workday'), true],
    ['Friday before the hour', [night], time(5, 'workday', 1_379, 'workday'), false],
    ['Saturday after midnight: the window is Friday’s', [night], time(6, 'day-off', 119, 'workday'), true],
    ['Saturday at its end', [night], time(6, 'day-off', 120, 'workday'), false],
    ['Saturday after a Friday off', [night], time(6, 'day-off', 60, 'day-off'), false],
    ['Friday after midnight: that was Thursday’s', [night], time(5, 'workday', 60, 'workday'), false],
    ['a whole day around', [{ from: 600, until: 600 }], time(1, 'workday', 599, 'workday'), true],
    [
      'one of several',
      [
        { from: 0, until: 1 },
        { from: 5, until: 6 },
      ],
      time(1, 'workday', 5, 'workday'),
      true,
    ],
  ])('%s', (_, windows, local, expected) => {
    expect(withinWindows(windows, local)).toBe(expected);
  });
});

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
    candidates: fc.array(candidateArbitrary, { maxLength: 4 }),
    now: instant,
    local: fc.record({ minute, weekday: fc.integer({ min: 1, max: 7 }) }).map((time) => ({ ...noon, ...time })),
    cardValidTo: some(fc.constantFrom('20261121', '20261122')),
    duress: fc.boolean(),
    companion: fc.boolean(),
    clockTrusted: fc.boolean(),
    alone: fc.boolean(),
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
    'nobody to count with': (any) => ({ ...any, alone: true, gate: { ...any.gate, whenAlone: 'strict' } }),
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
