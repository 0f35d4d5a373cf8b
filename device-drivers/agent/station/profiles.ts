import { type BundleKeys, openBundle, overlaid } from '@hallhub/firmware-profiles/bundle';
import { type ProfileCatalogue, builtInFiles } from '@hallhub/firmware-profiles/schema';
import type { DeviceLog } from '../../kit/index.ts';
import type { StationStore } from './store.ts';

/** Which profiles an agent uses. */
export interface StationProfiles {
  /** The version in use, as it is told to the hub. */
  readonly version: string;
  /**
   * The assigned bundle over the program's own profiles; no catalogue: the program's own alone. What cannot be believed is
   * left out, and said. `key` is equal for what means the same.
   */
  assigned(): { readonly key: string; readonly catalogue: ProfileCatalogue | undefined };
}

/** What an agent says that uses the profiles of its program. */
const BUILT_IN = 'built-in';

export function createStationProfiles(deps: {
  readonly store: Pick<StationStore, 'profiles'>;
  readonly keys: BundleKeys;
  readonly log: DeviceLog;
}): StationProfiles {
  const { store, log } = deps;
  let version = BUILT_IN;
  let last: ReturnType<StationProfiles['assigned']> | undefined;

  const open = (bundle: Uint8Array, assigned: string): ProfileCatalogue | undefined => {
    const opened = openBundle(bundle, deps.keys);
    const catalogue = opened.ok ? overlaid(builtInFiles(), opened.value) : opened;
    if (catalogue.ok) return catalogue.value;
    log.error({ version: assigned, ...catalogue.error }, 'a bundle of profiles is not used');
    return undefined;
  };
  return {
    get version() {
      return version;
    },
    assigned: () => {
      const stored = store.profiles();
      const key = JSON.stringify([stored?.version]);
      if (last?.key === key) return last;
      const catalogue = stored && open(stored.bundle, stored.version);
      version = stored && catalogue ? stored.version : BUILT_IN;
      last = { key, catalogue };
      return last;
    },
  };
}
