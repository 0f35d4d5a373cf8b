import { epochMs } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { describe, expect, it } from 'vitest';
import type { Pass } from '../pass.ts';
import { plainTerms } from '../pass.ts';
import { gatesSchema } from '../schema.ts';
import { createGateStore } from './index.ts';
import type { EntryInsert } from './entries.ts';
import type { PassInsert } from './passes.ts';

const key = (hex: string) => Buffer.from(hex.repeat(16), 'hex');
const hex = (pair: string) => pair.repeat(16);

function open() {
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [gatesSchema] });
  return { db, ...createGateStore(db) };
}

const pass = (change: Partial<PassInsert> = {}): PassInsert => ({
  ...plainTerms,
  id: 'r1#0',
  requestId: 'r1',
  person: 0,
  kind: 'visitor-access',
  effect: 'admit',
  identities: [hex('aa')],
  account: 'r1#0',
  validFrom: epochMs(0),
  validUntil: epochMs(1_000),
  credentials: [{ credential: key('aa'), type: 'resident-id' }],
  ...change,
});
const entry = (change: Partial<EntryInsert> = {}): EntryInsert => ({
  id: 'e1',
  gateId: 'south',
  area: 'campus',
  way: 'in',
  day: '20261122',
  at: epochMs(500),
  state: 'passed',
  subject: hex('aa'),
  account: 'r1#0',
  ...change,
});
const ids = (passes: readonly Pass[]) => passes.map(({ id }) => id).toSorted();

describe('passes', () => {
  it('come back as they were put, terms and all', () => {
    const { passes } = open();
    const all = pass({
      places: ['south'],
      direction: 'out',
      windows: [{ from: 1, until: 2, weekdays: [1], on: 'workday' }],
      uses: { max: 2, per: 'day' },
      slot: { id: 's', capacity: 3 },
      oneInside: true,
      companions: 4,
      escorted: true,
      may: ['lead'],
    });
    passes.replace('r1', [all]);
    const { credentials, ...expected } = all;
    expect(credentials).toHaveLength(1);
    expect(passes.passesOf(key('aa'))).toEqual([{ ...expected, revoked: false }]);
    expect(passes.pass('r1#0')).toEqual({ ...expected, revoked: false });
  });

  it('are found through the person behind a card: their leave, and a block on them', () => {
    const { passes } = open();
    passes.replace('roster', [
      pass({
        id: 'roster#0',
        identities: [hex('11'), hex('22')],
        credentials: [{ credential: key('cc'), type: 'uid' }],
      }),
    ]);
    passes.replace('leave', [
      pass({ id: 'leave#0', identities: [hex('11')], credentials: [{ credential: key('11'), type: 'member' }] }),
    ]);
    passes.replace('block', [
      pass({
        id: 'block#0',
        effect: 'deny',
        identities: [hex('22')],
        credentials: [{ credential: key('22'), type: 'resident-id' }],
      }),
    ]);
    passes.replace('stranger', [
      pass({ id: 'stranger#0', identities: [hex('33')], credentials: [{ credential: key('33'), type: 'uid' }] }),
    ]);
    expect(ids(passes.passesOf(key('cc')))).toEqual(['block#0', 'leave#0', 'roster#0']);
    expect(ids(passes.passesOf(key('22')))).toEqual(['block#0']);
    expect(passes.passesOf(key('99'))).toEqual([]);
  });

  it('give way to the newer revision, and leave no credential behind', () => {
    const { db, passes } = open();
    passes.replace('r1', [pass(), pass({ id: 'r1#1', credentials: [{ credential: key('bb'), type: 'resident-id' }] })]);
    passes.replace('r1', [pass({ credentials: [{ credential: key('dd'), type: 'resident-id' }] })]);
    expect(passes.passesOf(key('aa'))).toEqual([]);
    expect(passes.passesOf(key('bb'))).toEqual([]);
    expect(passes.passesOf(key('dd'))).toHaveLength(1);
    expect(db.prepare('SELECT count(*) FROM gate_credential').pluck().get()).toBe(1);
    expect(passes.purge(epochMs(1_001))).toBe(1);
    expect(db.prepare('SELECT count(*) FROM gate_credential').pluck().get()).toBe(0);
  });

  it('carry the passes of an earlier version over', () => {
    const db = openDatabase({ file: ':memory:' });
    const [first] = gatesSchema.migrations;
    migrate({ db, components: [{ component: 'gates', migrations: first ? [first] : [] }] });
    db.prepare(
      `INSERT INTO gate_pass (credential, request_id, person, valid_from, valid_until, revoked, places, companions)
       VALUES (?, 'r1', 0, 5, 10, 1, 'south campus', 2), (?, 'r2', 1, 5, 10, 0, '', 0)`,
    ).run(key('aa'), key('bb'));
    migrate({ db, components: [gatesSchema] });
    const { passes } = createGateStore(db);
    expect(passes.passesOf(key('aa'))).toMatchObject([
      {
        id: 'r1#0',
        revoked: true,
        places: ['south', 'campus'],
        companions: 2,
        identities: [hex('aa')],
        kind: 'visitor-access',
      },
    ]);
    expect(passes.passesOf(key('bb'))).toMatchObject([{ id: 'r2#1', revoked: false, places: [], validFrom: 5 }]);
  });
});

describe('what is counted', () => {
  it('uses: ways in that happened or may have, of the account, by day', () => {
    const { entries } = open();
    entries.add(entry());
    entries.add(entry({ id: 'e2', state: 'releasing' }));
    entries.add(entry({ id: 'e3', day: '20261121', state: 'unconfirmed' }));
    entries.add(entry({ id: 'e4', state: 'lapsed' }));
    entries.add(entry({ id: 'e5', way: 'out' }));
    entries.add(entry({ id: 'e6', companion: true }));
    entries.add(entry({ id: 'e7', account: 'other' }));
    expect(entries.used('r1#0', '20261122')).toEqual({ ever: 3, today: 2 });
  });

  it('slots: heads, each once, without the one who asks', () => {
    const { entries } = open();
    const slot = { slot: 's' };
    entries.add(entry({ ...slot }));
    entries.add(entry({ ...slot, id: 'e2' }));
    entries.add(entry({ ...slot, id: 'e3', companion: true }));
    entries.add(entry({ ...slot, id: 'e4', subject: hex('bb') }));
    entries.add(entry({ ...slot, id: 'e5', subject: hex('bb'), companion: true }));
    expect(entries.slotTaken('s', hex('cc'))).toBe(4);
    expect(entries.slotTaken('s', hex('aa'))).toBe(3);
  });

  it('an entry told twice once', () => {
    const { entries } = open();
    expect([entries.add(entry()), entries.add(entry())]).toEqual([true, false]);
  });

  it('the last way through, here and in the area', () => {
    const { entries } = open();
    entries.add(entry({ at: epochMs(10) }));
    entries.add(entry({ id: 'e2', gateId: 'north', at: epochMs(20) }));
    entries.add(entry({ id: 'e3', area: 'lab', at: epochMs(30) }));
    entries.add(entry({ id: 'e4', at: epochMs(40), state: 'refused' }));
    expect(entries.last(hex('aa'), { id: 'south', area: 'campus', direction: 'in' })).toEqual({ here: 10, area: 20 });
    expect(entries.last(hex('bb'), { id: 'south', area: 'campus', direction: 'in' })).toEqual({});
  });
});

describe('who is inside', () => {
  const move = { area: 'campus', subject: 'p', gateId: 'south', companion: false } as const;

  it('follows the last passage that is known, in whatever order it was told', () => {
    const { presence } = open();
    presence.move({ ...move, way: 'in', at: epochMs(10) });
    presence.move({ ...move, way: 'in', at: epochMs(11), companion: true });
    expect([presence.heads('campus'), presence.insideSince('campus', 'p')]).toEqual([2, 10]);
    presence.move({ ...move, way: 'out', at: epochMs(30) });
    presence.move({ ...move, way: 'in', at: epochMs(20) });
    expect([presence.heads('campus'), presence.insideSince('campus', 'p')]).toEqual([0, undefined]);
    presence.move({ ...move, way: 'in', at: epochMs(40) });
    expect(presence.inside('campus')).toMatchObject([{ subject: 'p', heads: 1, at: 40 }]);
  });

  it('knows another of the same request', () => {
    const { presence } = open();
    presence.move({ ...move, way: 'in', at: epochMs(10), requestId: 'r1' });
    expect(presence.otherInside('r1', 'campus', 'q')).toBe(true);
    expect(presence.otherInside('r1', 'campus', 'p')).toBe(false);
    expect(presence.otherInside('r2', 'campus', 'q')).toBe(false);
  });

  it('keeps how places stand until they are relaxed', () => {
    const { presence } = open();
    presence.stand('area:campus', 'lock-down', epochMs(1), 'staff:7');
    presence.stand('area:campus', 'fire', epochMs(2), 'fire');
    const lockDown = { scope: 'area:campus', standing: 'lock-down', since: 1, by: 'staff:7' };
    expect(presence.standings()).toEqual([{ scope: 'area:campus', standing: 'fire', since: 2, by: 'fire' }, lockDown]);
    const relaxed = (['fire', 'fire'] as const).map((layer) => presence.relax('area:campus', layer, epochMs(3)));
    expect(relaxed).toEqual([true, false]);
    expect(presence.standings()).toEqual([lockDown]);
  });

  it('remembers when gates stood open by order, and nothing else that was ordered', () => {
    const { presence, sightings } = open();
    const of = (from: number, until: number) =>
      sightings.stoodOpen({ id: 'south', area: 'campus' }, epochMs(from), epochMs(until));
    presence.stand('area:campus', 'lock-down', epochMs(1), 'staff:7');
    presence.stand('area:campus', 'open', epochMs(2), 'staff:7');
    presence.relax('area:campus', 'order', epochMs(5));
    presence.stand('gate:south', 'fire', epochMs(6), 'fire');
    presence.relax('gate:south', 'fire', epochMs(9));
    presence.stand('gate:north', 'open', epochMs(6), 'staff:7');
    presence.relax('gate:north', 'order', epochMs(7));
    expect(of(0, 100)).toEqual([
      { from: 2, until: 5 },
      { from: 6, until: 9 },
    ]);
    expect(of(5, 6)).toEqual([]);
    expect(sightings.forget(epochMs(6))).toBe(1);
  });

  it('finds the last passage of somebody before an instant and the first after, in one area', () => {
    const { entries, sightings } = open();
    const named = { subject: 'aa', requestId: 'r1', person: 0, kind: 'roster' };
    entries.add(entry({ ...named, id: '1', at: epochMs(10), area: 'dorm', way: 'in' }));
    entries.add(entry({ ...named, id: '2', at: epochMs(20), area: 'dorm', way: 'out', state: 'unconfirmed' }));
    entries.add(entry({ ...named, id: '3', at: epochMs(25), area: 'campus' }));
    entries.add(entry({ ...named, id: '4', at: epochMs(26), area: 'dorm', state: 'refused' }));
    entries.add(entry({ ...named, id: '5', at: epochMs(27), area: 'dorm', companion: true }));
    entries.add(entry({ ...named, id: '6', at: epochMs(28), area: 'dorm', state: 'free' }));
    entries.add(entry({ ...named, id: '7', at: epochMs(30), area: 'dorm', way: 'in' }));
    expect(sightings.before('aa', 'dorm', epochMs(29))).toMatchObject({ id: '2', state: 'unconfirmed' });
    expect(sightings.after('aa', 'dorm', epochMs(20), epochMs(40))).toMatchObject({ id: '7' });
    expect(sightings.after('aa', 'dorm', epochMs(20), epochMs(29))).toBeUndefined();
    expect(sightings.before('bb', 'dorm', epochMs(29))).toBeUndefined();
    expect(sightings.nameless('dorm', epochMs(0), epochMs(40))).toBe(2);
  });
});
