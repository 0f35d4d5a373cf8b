import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManualClock, hours, manualClock, minutes, plus } from '../base/index.ts';
import { type Db, type FeedStore, aesGcmSealer, feedSchema, migrate, openDatabase, sqliteFeedStore } from './index.ts';

let clock: ManualClock;
let db: Db;
let feeds: FeedStore;
beforeEach(() => {
  clock = manualClock();
  db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [feedSchema] });
  feeds = sqliteFeedStore({
    db,
    clock,
    sealer: aesGcmSealer(new Uint8Array(32)),
    digest: (text) => Buffer.from(text),
    incarnation: () => 'incarnation',
  });
});
afterEach(() => {
  db.close();
});
const put = (id: string, n: number): boolean =>
  feeds.put('gate', {
    id,
    kind: 'thing',
    schemaVersion: '1.0',
    validFrom: clock.now(),
    validUntil: plus(clock.now(), hours(1)),
    data: { n },
  });

describe('a feed', () => {
  it('forgets records that ended long ago, and no others', () => {
    put('short', 1);
    clock.advance(minutes(90));
    put('long', 1);
    expect(feeds.purge(clock.now())).toBe(1);
    expect(feeds.log('gate').byId('short')).toBeUndefined();
    expect(feeds.log('gate').byId('long')).toBeDefined();
  });

  it('tells a record that it had forgotten as newer than what its reader may still know', () => {
    put('a', 1);
    put('a', 2);
    const known = feeds.log('gate').byId('a')?.revision ?? 0;
    clock.advance(hours(2));
    feeds.purge(clock.now());
    put('a', 3);
    const again = feeds.log('gate').byId('a')?.revision ?? 0;
    expect(again).toBeGreaterThan(known);
    feeds.withdraw('gate', 'a');
    expect(feeds.log('gate').byId('a')?.revision).toBeGreaterThan(again);
  });
});
