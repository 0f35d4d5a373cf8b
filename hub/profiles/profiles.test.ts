import { generateKeyPairSync } from 'node:crypto';
import { createBundle } from '@hallhub/firmware-profiles/bundle';
import { builtInFiles } from '@hallhub/firmware-profiles/schema';
import type { EpochMs, ManualClock } from '@hallhub/sync/base';
import { manualClock, minutes } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { auditSchema, createAudit } from '../audit/index.ts';
import type { Profiles } from './index.ts';
import { createProfiles, profilesSchema } from './index.ts';
import { judgeTrial } from './rules.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const keys = {
  maker: (publicKey.export({ format: 'der', type: 'spki' }) as Buffer).subarray(-32).toString('base64'),
};
const NAME = 'generic/resident-id-serial';
const builtIn = builtInFiles();
const bundle = (version: string, label: string): Uint8Array => {
  const profile = { ...(JSON.parse(builtIn.get(`${NAME}.json`) ?? '') as object), label: { zh: '阅读器', en: label } };
  const files = new Map([
    [`${NAME}.json`, JSON.stringify(profile)],
    [`${NAME}.vectors.json`, builtIn.get(`${NAME}.vectors.json`) ?? ''],
  ]);
  return createBundle({ version, createdAt: 1, files, keyId: 'maker', privateKey });
};

let clock: ManualClock;
let db: Db;
let ready: string[];
let used: number;
let profiles: Profiles;
const open = (trusted: Readonly<Record<string, string>> = keys): Profiles => {
  const made = createProfiles({
    db,
    clock,
    audit: createAudit({ db, clock }),
    keys: trusted,
    trial: minutes(2),
    builtIn,
    ready: () => ready,
    log: () => undefined,
  });
  made.onUse(() => (used += 1));
  made.start();
  return made;
};
const label = (): string | undefined => profiles.catalogue().get(NAME)?.label.en;
const actions = (): readonly string[] =>
  db
    .prepare<[], { action: string }>('SELECT action FROM audit_entry ORDER BY seq')
    .all()
    .map(({ action }) => action);

beforeEach(() => {
  clock = manualClock();
  db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [auditSchema, profilesSchema] });
  ready = ['reader', 'barrier'];
  used = 0;
  profiles = open();
});

describe('a bundle of profiles', () => {
  it('goes over the profiles of the program when it is used, and can be left again', () => {
    const before = label();
    expect(profiles.add(bundle('1', 'First'), 'staff:1')).toMatchObject({ ok: true, value: { version: '1' } });
    expect(label()).toBe(before);
    expect(profiles.use('1', 'staff:1')).toMatchObject({ ok: true });
    expect(label()).toBe('First');
    expect(profiles.catalogue().get('generic/ipp-everywhere')).toBeDefined();
    expect(profiles.use('1', 'staff:1')).toMatchObject({ ok: true });
    expect(used).toBe(1);
    expect(profiles.use(null, 'staff:1')).toMatchObject({ ok: true });
    expect(label()).toBe(before);
    expect(actions()).toEqual(['profiles.add', 'profiles.use', 'profiles.use']);
  });

  it('is refused when it is not signed by a trusted key, or not here', () => {
    expect(profiles.add(Buffer.from('{}'), 'staff:1')).toMatchObject({ error: { code: 'E-PROFILE-0201' } });
    const stranger = generateKeyPairSync('ed25519').privateKey;
    const forged = createBundle({ version: '1', createdAt: 1, files: builtIn, keyId: 'maker', privateKey: stranger });
    expect(profiles.add(forged, 'staff:1')).toMatchObject({ error: { code: 'E-PROFILE-0202' } });
    expect(profiles.use('1', 'staff:1')).toMatchObject({ error: { code: 'E-PROFILE-0203' } });
  });

  it('whose key is no longer trusted is no longer used', () => {
    const before = label();
    profiles.add(bundle('1', 'First'), 'staff:1');
    profiles.use('1', 'staff:1');
    profiles = open({});
    expect(label()).toBe(before);
  });
});

describe('a trial', () => {
  beforeEach(() => {
    profiles.add(bundle('1', 'First'), 'staff:1');
    profiles.add(bundle('2', 'Second'), 'staff:1');
    profiles.use('1', 'staff:1');
    clock.advance(minutes(3));
    expect(profiles.view()).toMatchObject({ current: '1', trialUntil: null });
  });

  it('is passed when every device that was ready is ready again', () => {
    profiles.use('2', 'staff:1');
    ready = [];
    clock.advance(minutes(1));
    ready = ['barrier', 'reader', 'another'];
    clock.advance(minutes(2));
    expect(profiles.view()).toMatchObject({ current: '2', trialUntil: null });
    expect(label()).toBe('Second');
  });

  it('ends with the bundle before it when a device went dark', () => {
    profiles.use('2', 'staff:1');
    ready = ['barrier'];
    clock.advance(minutes(3));
    expect(profiles.view()).toMatchObject({ current: '1', by: 'hub', trialUntil: null });
    expect(label()).toBe('First');
    expect(actions().at(-2)).toBe('profiles.roll-back');
    // What comes back has proved itself: it is not tried again, whatever is dark.
    clock.advance(minutes(10));
    expect(profiles.view().current).toBe('1');
  });

  it('goes on after a restart', () => {
    profiles.use('2', 'staff:1');
    profiles.stop();
    ready = [];
    profiles = open();
    clock.advance(minutes(3));
    expect(profiles.view().current).toBe('1');
  });

  it('does not count devices that were dark before', () => {
    ready = ['barrier'];
    profiles.use('2', 'staff:1');
    clock.advance(minutes(3));
    expect(profiles.view().current).toBe('2');
  });

  it('is judged when its time is up, by those that were ready before and by nothing else', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
    fc.assert(
      fc.property(names, names, fc.integer({ min: -5, max: 5 }), (before, after, late) => {
        const verdict = judgeTrial(
          { until: 100 as EpochMs, readyBefore: before },
          new Set(after),
          (100 + late) as EpochMs,
        );
        const expected = late < 0 ? undefined : before.some((name) => !after.includes(name)) ? 'back' : 'kept';
        expect(verdict).toBe(expected);
      }),
    );
  });
});
