import { type BundleKeys, openBundle, overlaid } from '@hallhub/firmware-profiles/bundle';
import { type ProfileCatalogue, builtInFiles } from '@hallhub/firmware-profiles/schema';
import type { DeviceLog } from '../../kit/index.ts';
import type { ProfileKeys } from './contract.ts';
import { isIssued } from './key-set.ts';
import type { StationStore } from './store.ts';

/** Which profiles an agent uses. */
export interface StationProfiles {
  /** The version in use, as it is told to the hub. */
  readonly version: string;
  /** Takes a set of keys that came down the feed. One that the hub did not issue, or an older one, is left and said. */
  takeKeys(keys: ProfileKeys): void;
  /**
   * The assigned bundle over the program's own profiles; no catalogue: the program's own alone. What cannot be believed is
   * left out, and said. `key` is equal for what means the same.
   */
  assigned(): { readonly key: string; readonly catalogue: ProfileCatalogue | undefined };
}

/** What an agent says that uses the profiles of its program. */
const BUILT_IN = 'built-in';

export function createStationProfiles(deps: {
  readonly store: Pick<StationStore, 'profiles' | 'profileKeys' | 'putProfileKeys'>;
  readonly agent: string;
  /** Shared with the hub since the enrolment. */
  readonly secret: Uint8Array;
  /** Those that came with the credentials: they count until a newer set comes. */
  readonly keys: BundleKeys;
  readonly log: DeviceLog;
}): StationProfiles {
  const { store, agent, secret, log } = deps;
  let version = BUILT_IN;
  let last: ReturnType<StationProfiles['assigned']> | undefined;

  /** A set that was left by an earlier enrolment is none. */
  const taken = (): ProfileKeys | undefined => {
    const stored = store.profileKeys();
    return stored && isIssued(secret, agent, stored) ? stored : undefined;
  };
  const open = (bundle: Uint8Array, assigned: string): ProfileCatalogue | undefined => {
    const opened = openBundle(bundle, taken()?.keys ?? deps.keys);
    const catalogue = opened.ok ? overlaid(builtInFiles(), opened.value) : opened;
    if (catalogue.ok) return catalogue.value;
    log.error({ version: assigned, ...catalogue.error }, 'a bundle of profiles is not used');
    return undefined;
  };
  return {
    get version() {
      return version;
    },
    takeKeys: (keys) => {
      const before = taken();
      if (!isIssued(secret, agent, keys)) log.error({}, 'keys for profiles that the hub did not issue are not taken');
      else if (before && keys.issuedAt < before.issuedAt) {
        log.warn({ issuedAt: keys.issuedAt, before: before.issuedAt }, 'older keys for profiles are not taken');
      } else store.putProfileKeys(keys);
    },
    assigned: () => {
      const stored = store.profiles();
      const key = JSON.stringify([stored?.version, taken()?.issuedAt]);
      if (last?.key === key) return last;
      const catalogue = stored && open(stored.bundle, stored.version);
      version = stored && catalogue ? stored.version : BUILT_IN;
      last = { key, catalogue };
      return last;
    },
  };
}
