import type { Clock, Failure } from '@hallhub/sync/base';
import type { DeviceHealth, Driver } from '../kit/index.ts';

/** Stands for a device that cannot be built from its definition: `down` for good, and it says why. */
export function stillborn(deviceId: string, reason: Failure, clock: Clock): Driver {
  const health: DeviceHealth = { state: 'down', since: clock.now(), reason };
  const nothing = (): void => undefined;
  return {
    deviceId,
    capabilities: {},
    health,
    start: nothing,
    stop: () => Promise.resolve(),
    onHealth: () => nothing,
    onTraffic: () => nothing,
  };
}
