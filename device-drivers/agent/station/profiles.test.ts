import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createBundle } from '@hallhub/firmware-profiles/bundle';
import { builtInFiles } from '@hallhub/firmware-profiles/schema';
import { type Db, aesGcmSealer, migrate, openDatabase } from '@hallhub/sync/sqlite';
import { silentLog } from '../../kit/index.ts';
import type { AgentDevice, ProfileKeys } from './contract.ts';
import { isIssued, issueKeySet } from './key-set.ts';
import { createStationProfiles } from './profiles.ts';
import { createStationStore, stationSchema } from './store.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const maker = (publicKey.export({ format: 'der', type: 'spki' }) as Buffer).subarray(-32).toString('base64');
const bundle = createBundle({ version: '7', createdAt: 1, files: builtInFiles(), keyId: 'maker', privateKey });
const secret = new Uint8Array(32).fill(1);
const stranger = new Uint8Array(32).fill(2);

let db: Db;
const store = () => createStationStore({ db, sealer: aesGcmSealer(new Uint8Array(32)), newId: () => 'disk' });
const open = (enrolled: Readonly<Record<string, string>> = {}, with_ = secret) =>
  createStationProfiles({ store: store(), agent: 'gate-1', secret: with_, keys: enrolled, log: silentLog });
/** The version in use once whatever was told has been taken over. */
const inUse = (profiles: ReturnType<typeof open>): string => {
  profiles.assigned();
  return profiles.version;
};

beforeEach(() => {
  db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [stationSchema] });
  store().putProfiles('7', bundle);
});

describe('a set of keys', () => {
  it('counts for the agent and the secret that it was issued to, and for nothing else', () => {
    const { keys, ...rest } = issueKeySet(secret, 'gate-1', { issuedAt: 4, keys: { a: 'AAAA', b: 'BBBB' } });
    const set: ProfileKeys = { ...rest, keys };
    expect(isIssued(secret, 'gate-1', set)).toBe(true);
    expect(isIssued(secret, 'gate-1', { ...set, keys: { b: 'BBBB', a: 'AAAA' } })).toBe(true);
    expect(isIssued(secret, 'gate-2', set)).toBe(false);
    expect(isIssued(stranger, 'gate-1', set)).toBe(false);
    fc.assert(
      fc.property(
        fc.record({
          issuedAt: fc.integer(),
          keys: fc.dictionary(fc.string(), fc.base64String()),
          code: fc.base64String(),
        }),
        (other) => {
          expect(isIssued(secret, 'gate-1', other)).toBe(false);
          expect(isIssued(secret, 'gate-1', { ...set, issuedAt: other.issuedAt })).toBe(other.issuedAt === 4);
        },
      ),
    );
  });
});

describe('the profiles of an agent', () => {
  it('are believed by the keys of the enrolment until the hub names others', () => {
    const profiles = open({ maker });
    expect(inUse(profiles)).toBe('7');
    profiles.takeKeys(issueKeySet(secret, 'gate-1', { issuedAt: 1, keys: {} }));
    expect(inUse(profiles)).toBe('built-in');
    expect(inUse(open({ maker }))).toBe('built-in');
  });

  it('do not change for keys that the hub did not issue, or an older set', () => {
    const profiles = open();
    profiles.takeKeys(issueKeySet(stranger, 'gate-1', { issuedAt: 1, keys: { maker } }));
    expect(inUse(profiles)).toBe('built-in');
    profiles.takeKeys(issueKeySet(secret, 'gate-1', { issuedAt: 9, keys: {} }));
    profiles.takeKeys(issueKeySet(secret, 'gate-1', { issuedAt: 8, keys: { maker } }));
    expect(inUse(profiles)).toBe('built-in');
    profiles.takeKeys(issueKeySet(secret, 'gate-1', { issuedAt: 10, keys: { maker } }));
    expect(inUse(profiles)).toBe('7');
  });

  it('forget the keys of an earlier enrolment', () => {
    open().takeKeys(issueKeySet(secret, 'gate-1', { issuedAt: 9, keys: { maker } }));
    const enrolledAnew = open({}, stranger);
    expect(inUse(enrolledAnew)).toBe('built-in');
    enrolledAnew.takeKeys(issueKeySet(stranger, 'gate-1', { issuedAt: 2, keys: { maker } }));
    expect(inUse(enrolledAnew)).toBe('7');
  });
});

describe('the firmware that a device reported', () => {
  const reader = (path: string, params = {}): AgentDevice => ({
    id: 'reader',
    profile: 'generic/osdp-reader',
    transport: { kind: 'serial', path, baudRate: 9600 },
    params,
  });

  it('is kept over a restart, and forgotten when the device hangs elsewhere or goes', () => {
    const kept = store();
    const { firmware } = kept;
    kept.putDevice(reader('/dev/a'));
    firmware.note('reader', '2.1');
    kept.putDevice(reader('/dev/a', { address: 2 }));
    expect(store().firmware.of('reader')).toBe('2.1');
    kept.putDevice(reader('/dev/b'));
    expect(firmware.of('reader')).toBeUndefined();
    firmware.note('reader', '2.2');
    kept.removeDevice('reader');
    expect(firmware.of('reader')).toBeUndefined();
  });
});
