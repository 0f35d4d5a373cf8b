import type { BundleKeys } from '@hallhub/firmware-profiles/bundle';
import { openBundle, overlaid } from '@hallhub/firmware-profiles/bundle';
import type { ProfileCatalogue, ProfileFiles } from '@hallhub/firmware-profiles/schema';
import type { Cancel, Clock, DurationMs, EpochMs, Result } from '@hallhub/sync/base';
import { epochMs, failure, minutes, ms, ok, plus, unwrap } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/index.ts';
import type { Sights } from './rules.ts';
import { judgeTrial, judgedFrom, mostlyLit, settledAt } from './rules.ts';
import type { BundleView, ProfilesView } from './view.ts';

/**
 * Which profiles are in use. A new bundle is on trial first: when devices go dark under it, the last one that proved itself
 * comes back. There is one trial at a time: a newer bundle in the middle of one begins it anew, with the same way back.
 */
export interface Profiles {
  catalogue(): ProfileCatalogue;
  view(): ProfilesView;
  /** The bundle in use as it was signed, for the agents; undefined: the profiles of the program. */
  bundle(): { readonly version: string; readonly bytes: Uint8Array } | undefined;
  /** Whose bundles are believed; `issuedAt` rises whenever the configuration names others. */
  keySet(): { readonly issuedAt: EpochMs; readonly keys: BundleKeys };
  /** Errors: `E-PROFILE-01xx`, `E-PROFILE-0201` no bundle, `E-PROFILE-0202` not signed by a trusted
   * key, `E-PROFILE-0204` another bundle has this version, `E-PROFILE-0205` too large for the agents. */
  add(bytes: Uint8Array, by: string): Result<{ readonly version: string }>;
  /** Null: back to the profiles of the program. Error: `E-PROFILE-0203` no such bundle. */
  use(version: string | null, by: string): Result<void>;
  /** Another bundle is in use; devices are to be built anew from {@link Profiles.catalogue}. */
  onUse(listener: () => void): Cancel;
  /** Goes on with a trial that a restart interrupted. */
  start(): void;
  stop(): void;
}

interface Use {
  readonly version: string | null;
  readonly since: EpochMs;
  readonly by: string;
  readonly trialUntil: EpochMs | null;
  /** Ids in JSON. */
  readonly litBefore: string;
}

/** A bundle travels to the agents as one message, in base64. */
const MOST_BYTES = 150_000;
const JUDGE_AGAIN = minutes(1);

export function createProfiles(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly keys: BundleKeys;
  readonly trial: DurationMs;
  readonly builtIn: ProfileFiles;
  /** What was seen of all devices between two instants. */
  readonly sights: (from: EpochMs, to: EpochMs) => Sights;
  readonly log: (level: 'info' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): Profiles {
  const { db, clock, audit, keys, builtIn } = deps;
  const bundles = db.prepare<[], BundleView>(
    `SELECT version, key_id AS keyId, created_at AS createdAt, added_at AS addedAt, added_by AS addedBy
     FROM profile_bundle ORDER BY added_at DESC`,
  );
  const bytesOf = db.prepare<[string], { bytes: Uint8Array }>('SELECT bytes FROM profile_bundle WHERE version = ?');
  const putBundle = db.prepare(
    'INSERT OR REPLACE INTO profile_bundle (version, bytes, key_id, created_at, added_at, added_by) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const current = (): Use | undefined => newest.get();
  const newest = db.prepare<[], Use>(
    `SELECT version, since, by, trial_until AS trialUntil, lit_before AS litBefore
     FROM profile_use ORDER BY seq DESC LIMIT 1`,
  );
  const lastProven = db.prepare<[], { version: string | null }>(
    'SELECT version FROM profile_use WHERE proven = 1 ORDER BY seq DESC LIMIT 1',
  );
  const putUse = db.prepare(
    'INSERT INTO profile_use (version, since, by, trial_until, lit_before, proven) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const endTrials = db.prepare('UPDATE profile_use SET trial_until = NULL WHERE trial_until IS NOT NULL');
  const setTrial = db.prepare<[EpochMs | null, 0 | 1]>(
    'UPDATE profile_use SET trial_until = ?, proven = ? WHERE seq = (SELECT max(seq) FROM profile_use)',
  );
  const issued = issuedKeys(db, clock, keys);
  const listeners = new Set<() => void>();
  let cancelTrial: Cancel | undefined;

  /** As it lies in the database, believed or not. */
  const stored = (): { version: string; bytes: Uint8Array } | undefined => {
    const version = current()?.version ?? undefined;
    const row = version === undefined ? undefined : bytesOf.get(version);
    return version !== undefined && row ? { version, bytes: row.bytes } : undefined;
  };
  /** What is no longer believed here is not handed on either. */
  const bundle = (): ReturnType<typeof stored> => {
    const inUse = stored();
    return inUse && openBundle(inUse.bytes, keys).ok ? inUse : undefined;
  };
  /** Of the version in use: it does not change while that stays, and everybody asks for it often. */
  let made: { readonly version: string | undefined; readonly catalogue: ProfileCatalogue } | undefined;
  const catalogue = (): ProfileCatalogue => {
    const version = current()?.version ?? undefined;
    if (!made || made.version !== version) made = { version, catalogue: merged(stored()) };
    return made.catalogue;
  };
  const merged = (inUse: ReturnType<typeof stored>): ProfileCatalogue => {
    const opened = inUse && openBundle(inUse.bytes, keys);
    if (opened && !opened.ok) {
      // Its key was taken out of the configuration: what is no longer believed is no longer used.
      deps.log('error', 'the bundle of profiles in use is no longer believed', { ...opened.error });
    }
    const whole = overlaid(builtIn, opened?.ok === true ? opened.value : undefined);
    if (whole.ok) return whole.value;
    // It fitted the program that it was made for, and not this one.
    deps.log('error', 'the bundle of profiles in use does not fit this program', { ...whole.error });
    return unwrap(overlaid(builtIn, undefined));
  };

  /** What a trial that fails goes back to; null: the profiles of the program. */
  const provenVersion = (): string | null => lastProven.get()?.version ?? null;
  /** The devices by which a bundle that begins now is to be judged: what an unproven one has darkened still counts. */
  const judgedBy = (use: Use | undefined, now: EpochMs): readonly string[] => {
    const carried = use ? (JSON.parse(use.litBefore) as readonly string[]) : [];
    if (typeof use?.trialUntil === 'number') return carried;
    const windowStart = (now - deps.trial) as EpochMs;
    const from = use ? (Math.max(windowStart, settledAt(use.since, deps.trial)) as EpochMs) : windowStart;
    return from < now ? mostlyLit(deps.sights(from, now)) : carried;
  };
  const begin = (version: string | null, by: string, { isProven }: { readonly isProven: boolean }): void => {
    const now = clock.now();
    const lit = JSON.stringify(judgedBy(current(), now));
    transact(db, () => {
      // Where one was on trial it is over, without having proved itself.
      endTrials.run();
      putUse.run(version, now, by, isProven ? null : plus(now, deps.trial), lit, isProven ? 1 : 0);
      audit.record({ actor: by, action: 'profiles.use', subject: `profiles:${version ?? 'built-in'}` });
    });
    watchTrial();
    for (const listener of listeners) listener();
  };
  const watchTrial = (): void => {
    cancelTrial?.();
    cancelTrial = undefined;
    const until = current()?.trialUntil;
    if (until !== null && until !== undefined) {
      cancelTrial = clock.after(ms(Math.max(0, until - clock.now())), judgeOrLater);
    }
  };
  const judgeOrLater = (): void => {
    try {
      judge();
    } catch (error) {
      // A disk that takes nothing: the trial is not over before its end is on record.
      deps.log('error', 'the profiles on trial could not be judged', { err: error });
      cancelTrial = clock.after(JUDGE_AGAIN, judgeOrLater);
    }
  };
  const judge = (): void => {
    const use = current();
    if (typeof use?.trialUntil !== 'number') return;
    const { version, since, trialUntil } = use;
    const now = clock.now();
    const litBefore = JSON.parse(use.litBefore) as readonly string[];
    const trial = { since, length: deps.trial, until: trialUntil, litBefore };
    const verdict = judgeTrial(trial, deps.sights(judgedFrom(trial, now), now), now);
    switch (verdict.type) {
      case 'wait':
        setTrial.run(verdict.until, 0);
        watchTrial();
        return;
      case 'kept':
        setTrial.run(null, 1);
        deps.log('info', 'the new profiles have proved themselves', { version });
        return;
      case 'back': {
        const { dark } = verdict;
        deps.log('error', 'devices went dark under the new profiles; those that proved themselves come back', {
          version,
          dark,
        });
        audit.record({
          actor: 'hub',
          action: 'profiles.roll-back',
          subject: `profiles:${version ?? 'built-in'}`,
          detail: { dark: dark.join(' ') },
        });
        begin(provenVersion(), 'hub', { isProven: true });
      }
    }
  };

  return {
    catalogue,
    bundle,
    keySet: () => ({ issuedAt: issued, keys }),
    view: () => {
      const use = current();
      return {
        current: use?.version ?? null,
        since: use?.since ?? null,
        by: use?.by ?? null,
        trialUntil: use?.trialUntil ?? null,
        bundles: bundles.all(),
      };
    },
    add: (bytes, by) => {
      const opened = openBundle(bytes, keys);
      if (!opened.ok) return opened;
      const { version, keyId, createdAt } = opened.value;
      if (bytes.length > MOST_BYTES) return failure('E-PROFILE-0205', `${bytes.length} bytes`);
      const merged = overlaid(builtIn, opened.value);
      if (!merged.ok) return merged;
      const same = bytesOf.get(version);
      if (same && !Buffer.from(same.bytes).equals(bytes)) return failure('E-PROFILE-0204', version);
      transact(db, () => {
        putBundle.run(version, bytes, keyId, createdAt, clock.now(), by);
        audit.record({ actor: by, action: 'profiles.add', subject: `profiles:${version}` });
      });
      return ok({ version });
    },
    use: (version, by) => {
      const bytes = version === null ? undefined : bytesOf.get(version)?.bytes;
      if (version !== null && !bytes) return failure('E-PROFILE-0203', version);
      // Its key may have been taken out of the configuration since it was stored.
      const opened = bytes && openBundle(bytes, keys);
      if (opened && !opened.ok) return opened;
      if (version === (current()?.version ?? null)) return ok();
      const inTrial = typeof current()?.trialUntil === 'number';
      begin(version, by, { isProven: inTrial && version === provenVersion() });
      return ok();
    },
    onUse: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: watchTrial,
    stop: () => {
      cancelTrial?.();
    },
  };
}

/**
 * When the configuration first named these keys. Later than any set before it, however the clock was set meanwhile, and
 * later than what agents were told before a database was put back.
 */
function issuedKeys(db: Db, clock: Clock, keys: BundleKeys): EpochMs {
  const text = JSON.stringify(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1)));
  const last = db
    .prepare<[], { issuedAt: EpochMs; keys: string }>('SELECT issued_at AS issuedAt, keys FROM profile_keys')
    .get();
  if (last?.keys === text) return last.issuedAt;
  const issuedAt = epochMs(Math.max(clock.now(), (last?.issuedAt ?? 0) + 1));
  db.prepare('INSERT OR REPLACE INTO profile_keys (only, issued_at, keys) VALUES (1, ?, ?)').run(issuedAt, text);
  return issuedAt;
}
