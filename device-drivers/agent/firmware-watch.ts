import { type Cancel, type Clock, type Failure, type MonoMs, hours } from '@hallhub/sync/base';
import { type Profile, isInRange, paramsFor } from '@hallhub/firmware-profiles/schema';
import { type DeviceHealth, type DeviceLog, type Driver, capability } from '../kit/index.ts';

/** What devices last said their firmware is. It outlives their drivers and, where it is kept on a disk, the process. */
export interface FirmwareMemory {
  of(deviceId: string): string | undefined;
  note(deviceId: string, version: string): void;
}

/** Knows nothing after a restart: a device begins with the profile's own parameters until it has been asked. */
export function forgetfulMemory(): FirmwareMemory {
  const versions = new Map<string, string>();
  return {
    of: (deviceId) => versions.get(deviceId),
    note: (deviceId, version) => {
      versions.set(deviceId, version);
    },
  };
}

/** A device as it is hosted now. */
export interface Watched {
  readonly driver: Driver;
  /** Undefined for a device that could not be built from its definition. */
  readonly profile: Profile | undefined;
  /** Equal for the devices of one bus. */
  readonly origin: string;
}

/**
 * Fits devices to the firmware that they report: asks each whose profile depends on it whenever it becomes ready or an
 * update of it ends, has its bus built anew where other parameters apply, and says so where the profile was not made for it.
 */
export interface FirmwareWatch {
  /** The version for which the device's parameters are chosen now; undefined: those without conditions. */
  versionOf(deviceId: string): string | undefined;
  /** These devices are hosted from now on, with what is known of each. */
  take(deviceIds: readonly string[]): void;
  /** Listens to a driver; call before it is started. */
  attend(driver: Driver): Cancel;
  /** Asks those that are up already. */
  lookAround(): void;
  /** Its health, with the notice that its profile was not made for its firmware. Such a device goes on. */
  judged(watched: Watched): DeviceHealth;
}

/**
 * A bus is built anew so often for what one device reports. More would be a device that reports another version under other
 * parameters, and would never come to rest.
 */
const MOST_REBUILDS = 3;
const REBUILDS_WITHIN = hours(1);

export function createFirmwareWatch(deps: {
  readonly memory: FirmwareMemory;
  readonly clock: Clock;
  readonly log: DeviceLog;
  readonly hosted: () => ReadonlyMap<string, Watched>;
  /** The notice of a device has come or gone. */
  readonly onNotice: (deviceId: string) => void;
  /** Runs an action when no assignment is under way. */
  readonly inTurn: (action: () => Promise<void>) => Promise<void>;
  /** Builds anew the buses for which {@link FirmwareWatch.versionOf} means something else than before. */
  readonly rebuild: () => Promise<void>;
}): FirmwareWatch {
  const { memory, clock, log, hosted } = deps;
  let inUse = new Map<string, string>();
  const rebuilds = new Map<string, readonly MonoMs[]>();

  const look = async (deviceId: string): Promise<void> => {
    const watched = hosted().get(deviceId);
    if (!watched?.profile || !dependsOnFirmware(watched.profile)) return;
    const installed = await capability(watched.driver, 'firmware')?.installed();
    if (installed?.ok !== true || hosted().get(deviceId)?.driver !== watched.driver) return;
    const { version } = installed.value;
    const before = memory.of(deviceId);
    if (version !== before) {
      memory.note(deviceId, version);
      log.info({ deviceId, version, before }, 'the firmware of a device is known');
      deps.onNotice(deviceId);
    }
    await deps.inTurn(follow);
  };
  /** Takes over what devices have reported, except on a bus on which an update is under way: its end is looked at again. */
  const follow = async (): Promise<void> => {
    let isOther = false;
    for (const [deviceId, { profile, origin }] of hosted()) {
      const version = memory.of(deviceId);
      const before = inUse.get(deviceId);
      if (!profile || version === undefined || version === before) continue;
      if (JSON.stringify(paramsFor(profile, version)) !== JSON.stringify(paramsFor(profile, before))) {
        if (!mayRebuild(deviceId) || (await isUpdating(origin))) continue;
        rebuilds.set(deviceId, [...recent(deviceId), clock.monotonic()]);
        log.info({ deviceId, version, before }, 'other parameters apply to this firmware; its line is built anew');
        isOther = true;
      }
      inUse.set(deviceId, version);
    }
    if (isOther) await deps.rebuild();
  };
  const recent = (deviceId: string): readonly MonoMs[] =>
    (rebuilds.get(deviceId) ?? []).filter((at) => clock.monotonic() - at < REBUILDS_WITHIN);
  const mayRebuild = (deviceId: string): boolean => {
    if (recent(deviceId).length < MOST_REBUILDS) return true;
    log.warn({ deviceId }, 'a device reports one firmware after another; its parameters stay as they are');
    return false;
  };
  const isUpdating = async (origin: string): Promise<boolean> => {
    const onBus = [...hosted().values()].filter((one) => one.origin === origin);
    const progress = await Promise.all(onBus.map(async ({ driver }) => capability(driver, 'firmware')?.progress()));
    return progress.some((at) => at?.ok === true && !isRest(at.value.state));
  };
  const lookSoon = (deviceId: string): void => {
    look(deviceId).catch((error: unknown) => {
      log.error({ deviceId, error }, 'a device could not be fitted to its firmware');
    });
  };

  return {
    versionOf: (deviceId) => inUse.get(deviceId),
    take: (deviceIds) => {
      inUse = new Map(
        deviceIds.flatMap((id) => {
          const version = memory.of(id);
          return version === undefined ? [] : [[id, version]];
        }),
      );
    },
    attend: (driver) => {
      const { deviceId } = driver;
      const cancels = [
        driver.onHealth(({ state }) => {
          if (isUp(state)) lookSoon(deviceId);
        }),
        capability(driver, 'firmware')?.onProgress(({ state }) => {
          if (isRest(state) && isUp(driver.health.state)) lookSoon(deviceId);
        }),
      ];
      return () => {
        for (const cancel of cancels) cancel?.();
      };
    },
    lookAround: () => {
      for (const [deviceId, { driver }] of hosted()) if (isUp(driver.health.state)) lookSoon(deviceId);
    },
    judged: ({ driver, profile }) => {
      const { health } = driver;
      const notice = health.state === 'ready' && profile && noticeOf(profile, memory.of(driver.deviceId));
      return notice ? { ...health, state: 'degraded', reason: notice } : health;
    },
  };
}

const isUp = (state: DeviceHealth['state']): boolean => state === 'ready' || state === 'degraded';
const isRest = (state: string): boolean => state !== 'sending' && state !== 'installing';
const dependsOnFirmware = ({ firmware, conditions }: Profile): boolean =>
  firmware !== undefined || conditions.length > 0;

/** Why the profile may not fit this firmware, `E-DEV-0307`. */
function noticeOf({ firmware }: Profile, version: string | undefined): Failure | undefined {
  if (!firmware || version === undefined || isInRange(version, firmware)) return undefined;
  const { from, below } = firmware;
  const range = [...(from === undefined ? [] : [`from ${from}`]), ...(below === undefined ? [] : [`below ${below}`])];
  return { code: 'E-DEV-0307', detail: `${version}; the profile is ${range.join(', ')}` };
}
