import { generateKeyPairSync } from 'node:crypto';
import { createBundle } from '@hallhub/firmware-profiles/bundle';
import { builtInFiles } from '@hallhub/firmware-profiles/schema';
import type { EpochMs, ManualClock } from '@hallhub/sync/base';
import { manualClock, minutes, ms, seconds } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { auditSchema, createAudit } from '../audit/index.ts';
import type { Profiles } from './index.ts';
import { createProfiles, profilesSchema } from './index.ts';
import { spansOf } from '../devices/index.ts';
import type { StateChange } from '../devices/index.ts';
import type { Sights } from './rules.ts';
import { judgeTrial, judgedFrom, mostlyLit, settledAt, sightOf } from './rules.ts';

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
/** Every change of every device's state, as the hub keeps it. */
let states: Map<string, StateChange[]>;
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
    sights: (from, to) => sightsOf(from, to),
    log: () => undefined,
  });
  made.onUse(() => (used += 1));
  made.start();
  return made;
};
const sightsOf = (from: EpochMs, to: EpochMs): Sights =>
  new Map([...states].map(([device, changes]) => [device, sightOf(spansOf(changes, from, to))]));
const now = (state: StateChange['state'], ...devices: string[]): void => {
  for (const device of devices) {
    const changes = states.get(device) ?? [];
    changes.push({ at: clock.now(), state });
    states.set(device, changes);
  }
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
  states = new Map();
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
    profiles.add(bundle('2', 'Second'), 'staff:1');
    profiles = open({});
    expect(label()).toBe(before);
    expect(profiles.use('2', 'staff:1')).toMatchObject({ ok: false, error: { code: 'E-PROFILE-0202' } });
  });
});

it('learns of uses from before it knew which had proved themselves', () => {
  const old = openDatabase({ file: ':memory:' });
  migrate({ db: old, components: [{ ...profilesSchema, migrations: profilesSchema.migrations.slice(0, 1) }] });
  const use = old.prepare(
    'INSERT INTO profile_use (version, since, by, trial_until, ready_before) VALUES (?, 1, ?, ?, ?)',
  );
  for (const [version, by, until] of [
    ['passed', 'staff:1', null],
    ['failed', 'staff:1', null],
    ['passed', 'hub', null],
    ['on trial', 'staff:1', 5],
  ]) {
    use.run(version, by, until, '[]');
  }
  migrate({ db: old, components: [profilesSchema] });
  expect(old.prepare('SELECT proven FROM profile_use ORDER BY seq').pluck().all()).toEqual([1, 0, 1, 0]);
});

describe('a trial', () => {
  beforeEach(() => {
    for (const version of ['1', '2', '3', '4']) profiles.add(bundle(version, `Number ${version}`), 'staff:1');
    now('ready', 'reader', 'barrier');
    profiles.use('1', 'staff:1');
    clock.advance(minutes(5));
    expect(profiles.view()).toMatchObject({ current: '1', trialUntil: null });
  });
  const use = (version: string | null): void => {
    expect(profiles.use(version, 'staff:1')).toMatchObject({ ok: true });
    now('starting', 'reader', 'barrier');
  };

  it('is passed when the devices are back after a while, for most of the time that counts', () => {
    use('2');
    clock.advance(seconds(50));
    now('ready', 'reader', 'barrier');
    clock.advance(seconds(68));
    // Somebody pulls a plug in the very moment of the judgement.
    now('down', 'reader');
    clock.advance(minutes(2));
    expect(profiles.view()).toMatchObject({ current: '2', trialUntil: null });
    expect(label()).toBe('Number 2');
  });

  it('ends with the bundle before it when a device went dark, even if it answers just when it is judged', () => {
    use('2');
    now('ready', 'barrier');
    clock.advance(seconds(119));
    now('ready', 'reader');
    clock.advance(minutes(1));
    expect(profiles.view()).toMatchObject({ current: '1', by: 'hub', trialUntil: null });
    expect(label()).toBe('Number 1');
    expect(actions().at(-2)).toBe('profiles.roll-back');
    // What comes back has proved itself: it is not tried again, whatever is dark.
    now('down', 'reader', 'barrier');
    clock.advance(minutes(10));
    expect(profiles.view().current).toBe('1');
  });

  it('that ends while the disk takes nothing is judged when it does', () => {
    use('2');
    now('ready', 'barrier');
    now('down', 'reader');
    db.pragma('query_only = 1');
    clock.advance(minutes(3));
    expect(profiles.view().current).toBe('2');
    db.pragma('query_only = 0');
    clock.advance(minutes(1));
    expect(profiles.view()).toMatchObject({ current: '1', by: 'hub' });
  });

  it('counts a device that was there most of the time before, though not in the moment of the change', () => {
    clock.advance(seconds(10));
    now('down', 'reader');
    clock.advance(seconds(5));
    use('2');
    now('ready', 'barrier');
    clock.advance(minutes(3));
    expect(profiles.view().current).toBe('1');
  });

  it('does not count devices that were dark most of the time before, though there in the moment of the change', () => {
    now('down', 'reader');
    clock.advance(minutes(5));
    now('ready', 'reader');
    clock.advance(seconds(1));
    use('2');
    now('ready', 'barrier');
    now('down', 'reader');
    clock.advance(minutes(3));
    expect(profiles.view().current).toBe('2');
  });

  it('does not count a device that was taken out of service meanwhile', () => {
    use('2');
    now('ready', 'barrier');
    now('out-of-service', 'reader');
    clock.advance(minutes(3));
    expect(profiles.view().current).toBe('2');
  });

  it('is one at a time: a newer bundle in the middle of one goes back to the last that passed, by what was there before both', () => {
    use('2');
    now('down', 'reader');
    now('ready', 'barrier');
    clock.advance(seconds(110));
    use('3');
    now('down', 'reader');
    now('ready', 'barrier');
    // The time of the first is up, that of the second is not.
    clock.advance(seconds(60));
    expect(profiles.view().current).toBe('3');
    clock.advance(seconds(61));
    expect(profiles.view()).toMatchObject({ current: '1', trialUntil: null });
    // Soon afterwards the devices that the bad ones darkened count again.
    now('starting', 'reader');
    clock.advance(seconds(10));
    use('4');
    now('down', 'reader');
    now('ready', 'barrier');
    clock.advance(minutes(3));
    expect(profiles.view()).toMatchObject({ current: '1', trialUntil: null });
  });

  it('is left by hand without another one, where it came from', () => {
    use('2');
    clock.advance(seconds(30));
    use('1');
    expect(profiles.view()).toMatchObject({ current: '1', by: 'staff:1', trialUntil: null });
    clock.advance(minutes(10));
    expect(profiles.view().current).toBe('1');
    use(null);
    now('ready', 'reader', 'barrier');
    clock.advance(minutes(3));
    expect(profiles.view()).toMatchObject({ current: null, trialUntil: null });
  });

  it('goes on after a restart, and is not judged by the time in which nobody watched', () => {
    use('2');
    now('unknown', 'reader', 'barrier');
    profiles.stop();
    clock.advance(minutes(60));
    profiles = open();
    now('starting', 'reader', 'barrier');
    clock.advance(seconds(1));
    expect(profiles.view().current).toBe('2');
    now('ready', 'barrier');
    now('down', 'reader');
    clock.advance(minutes(1));
    expect(profiles.view().current).toBe('1');
  });

  it('is judged by the devices that are watched: an agent without power is no fault of it', () => {
    use('2');
    now('ready', 'barrier');
    now('unknown', 'reader');
    clock.advance(minutes(3));
    expect(profiles.view()).toMatchObject({ current: '2', trialUntil: null });
  });

  it('waits while most devices are not watched, and ends as soon as one that is watched went dark', () => {
    use('2');
    now('unknown', 'reader', 'barrier');
    clock.advance(minutes(60));
    expect(profiles.view()).toMatchObject({ current: '2' });
    expect(profiles.view().trialUntil).not.toBeNull();
    now('down', 'barrier');
    clock.advance(minutes(3));
    expect(profiles.view()).toMatchObject({ current: '1', trialUntil: null });
  });

  it('does not wait for a device that is gone for good', () => {
    use('2');
    states.delete('reader');
    now('ready', 'barrier');
    clock.advance(minutes(3));
    expect(profiles.view()).toMatchObject({ current: '2', trialUntil: null });
  });

  const seenFor = fc.record({ lit: fc.nat(100), dark: fc.nat(100), unwatched: fc.nat(100) });
  const sights = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), seenFor).map((all) => new Map(Object.entries(all)));
  it('goes back only because of devices that were there before and mostly dark since, and only when its time is up', () => {
    fc.assert(
      fc.property(sights, sights, fc.integer({ min: -5, max: 5 }), (before, during, late) => {
        const trial = { since: 0 as EpochMs, length: ms(100), until: 100 as EpochMs, litBefore: mostlyLit(before) };
        const at = (100 + late) as EpochMs;
        const verdict = judgeTrial(trial, during, at);
        if (late < 0) expect(verdict).toEqual({ type: 'wait', until: 100 });
        if (verdict.type === 'back') {
          expect(verdict.dark.length).toBeGreaterThan(0);
          for (const device of verdict.dark) {
            const [then, since] = [before.get(device), during.get(device)];
            expect(then && then.lit > then.dark && since && since.dark > since.lit).toBe(true);
          }
        }
        if (verdict.type === 'wait') expect(verdict.until).toBeGreaterThan(at);
        expect(judgedFrom(trial, at)).toBeGreaterThanOrEqual(settledAt(trial.since, trial.length));
      }),
    );
  });
});

describe('the keys that agents are told', () => {
  it('are newer whenever the configuration names others, and as new as they were when it does not', () => {
    const { issuedAt } = open().keySet();
    clock.advance(minutes(1));
    expect(open().keySet()).toEqual({ issuedAt, keys });
    const without = open({}).keySet();
    expect(without.keys).toEqual({});
    expect(without.issuedAt).toBeGreaterThan(issuedAt);
    clock.stepWall(ms(-3_600_000));
    expect(open().keySet().issuedAt).toBeGreaterThan(without.issuedAt);
  });
});
