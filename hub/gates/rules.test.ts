import { epochMs, hours, minutes } from '@hallhub/sync/base';
import { describe, expect, it } from 'vitest';
import type { CampusTime } from '../calendar/index.ts';
import type { DecisionInput } from './rules.ts';
import { decide, withinWindows } from './rules.ts';
import {
  NOW,
  ago,
  at,
  checked,
  codeOf,
  escort,
  held,
  input,
  noon,
  one,
  other,
  outward,
  pass,
  passback,
  shut,
  stale,
  strict,
} from './testing/rule-inputs.ts';

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

    ['alone, with a count', { alone: 'area', ...one({ uses: { max: 2, per: 'request' } }) }, 'granted'],
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
      { alone: 'area', gate: at({ whenAlone: 'strict', ...passback('area') }) },
      'E-GATE-0126',
    ],
    [
      'alone where that is strict, a gate that counts for itself',
      { alone: 'area', gate: at({ whenAlone: 'strict', ...passback('gate') }) },
      'granted',
    ],
    [
      'alone as to other areas where that is strict, with a count',
      { ...strict, alone: 'elsewhere', ...one({ uses: { max: 2, per: 'request' } }) },
      'E-GATE-0126',
    ],
    [
      'alone as to other areas where that is strict, an area to be counted',
      { alone: 'elsewhere', gate: at({ whenAlone: 'strict', ...passback('area') }) },
      'granted',
    ],
    ['not alone where that is strict', { gate: at({ whenAlone: 'strict' }), ...one({ oneInside: true }) }, 'granted'],

    ['a fire', { standing: 'fire' }, 'E-GATE-0121'],
    ['a fire, and a barrier that did not open', { standing: 'fire', released: false }, 'E-GATE-0127'],
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
      'the same person, known by another thing first',
      { gate: at({ twoPeople: true }), partners: [{ ...pass, identities: ['ff', 'aa'] }] },
      'E-GATE-0120',
    ],
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
