import type { BundleKeys } from '@hallhub/firmware-profiles/bundle';
import { openBundle, overlaid } from '@hallhub/firmware-profiles/bundle';
import type { ProfileCatalogue, ProfileFiles } from '@hallhub/firmware-profiles/schema';
import type { Cancel, Clock, DurationMs, EpochMs, Result } from '@hallhub/sync/base';
import { failure, ms, ok, plus, unwrap } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/index.ts';
import { judgeTrial } from './rules.ts';
import type { BundleView, ProfilesView } from './view.ts';

/** Which profiles are in use. A new bundle is on trial first: when devices go dark under it, the one before comes back. */
export interface Profiles {
  catalogue(): ProfileCatalogue;
  view(): ProfilesView;
  /** The bundle in use as it was signed, for the agents; undefined: the profiles of the program. */
  bundle(): { readonly version: string; readonly bytes: Uint8Array } | undefined;
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
  readonly readyBefore: string;
}

/** A bundle travels to the agents as one message, in base64. */
const MOST_BYTES = 150_000;

export function createProfiles(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly keys: BundleKeys;
  readonly trial: DurationMs;
  readonly builtIn: ProfileFiles;
  /** The devices that are ready now. */
  readonly ready: () => readonly string[];
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
  const uses = db.prepare<[], Use>(
    `SELECT version, since, by, trial_until AS trialUntil, ready_before AS readyBefore
     FROM profile_use ORDER BY seq DESC LIMIT 2`,
  );
  const putUse = db.prepare(
    'INSERT INTO profile_use (version, since, by, trial_until, ready_before) VALUES (?, ?, ?, ?, ?)',
  );
  const endTrial = db.prepare(
    'UPDATE profile_use SET trial_until = NULL WHERE seq = (SELECT max(seq) FROM profile_use)',
  );
  const listeners = new Set<() => void>();
  let cancelTrial: Cancel | undefined;

  const current = (): Use | undefined => uses.get();
  const bundle = (): { version: string; bytes: Uint8Array } | undefined => {
    const version = current()?.version ?? undefined;
    const row = version === undefined ? undefined : bytesOf.get(version);
    return version !== undefined && row ? { version, bytes: row.bytes } : undefined;
  };
  const catalogue = (): ProfileCatalogue => {
    const inUse = bundle();
    const opened = inUse && openBundle(inUse.bytes, keys);
    if (opened && !opened.ok) {
      // Its key was taken out of the configuration: what is no longer believed is no longer used.
      deps.log('error', 'the bundle of profiles in use is no longer believed', { ...opened.error });
    }
    const merged = overlaid(builtIn, opened?.ok === true ? opened.value : undefined);
    if (merged.ok) return merged.value;
    // It fitted the program that it was made for, and not this one.
    deps.log('error', 'the bundle of profiles in use does not fit this program', { ...merged.error });
    return unwrap(overlaid(builtIn, undefined));
  };

  const begin = (version: string | null, by: string, trialUntil: EpochMs | null): void => {
    transact(db, () => {
      putUse.run(version, clock.now(), by, trialUntil, JSON.stringify(deps.ready()));
      audit.record({ actor: by, action: 'profiles.use', subject: `profiles:${version ?? 'built-in'}` });
    });
    for (const listener of listeners) listener();
    watchTrial();
  };
  const watchTrial = (): void => {
    cancelTrial?.();
    cancelTrial = undefined;
    const until = current()?.trialUntil;
    if (until !== null && until !== undefined) {
      cancelTrial = clock.after(ms(Math.max(0, until - clock.now())), judge);
    }
  };
  const judge = (): void => {
    const [use, before] = uses.all();
    const trialUntil = use?.trialUntil ?? null;
    if (use === undefined || trialUntil === null) return;
    const readyBefore = JSON.parse(use.readyBefore) as readonly string[];
    const ready = new Set(deps.ready());
    const verdict = judgeTrial({ until: trialUntil, readyBefore }, ready, clock.now());
    if (verdict === undefined) {
      watchTrial();
      return;
    }
    endTrial.run();
    if (verdict === 'kept') {
      deps.log('info', 'the new profiles have proved themselves', { version: use.version });
      return;
    }
    const dark = readyBefore.filter((device) => !ready.has(device));
    deps.log('error', 'devices went dark under the new profiles; the ones before come back', {
      version: use.version,
      dark,
    });
    audit.record({
      actor: 'hub',
      action: 'profiles.roll-back',
      subject: `profiles:${use.version ?? 'built-in'}`,
      detail: { dark: dark.join(' ') },
    });
    // Without a trial: what ran before is what is known to run.
    begin(before?.version ?? null, 'hub', null);
  };

  return {
    catalogue,
    bundle,
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
      if (version !== null && !bytesOf.get(version)) return failure('E-PROFILE-0203', version);
      if (version === (current()?.version ?? null)) return ok();
      begin(version, by, plus(clock.now(), deps.trial));
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
