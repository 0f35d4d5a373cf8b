import type { Cancel, EpochMs, Failure } from '@hallhub/sync/base';
import type { CapabilityMap, CapabilityName } from '../capabilities/index.ts';

/** What a device is doing, apart from whether somebody switched it off on purpose (that is the registry's). */
export type OperatingState = 'starting' | 'ready' | 'degraded' | 'down';

export interface DeviceHealth {
  readonly state: OperatingState;
  readonly since: EpochMs;
  /** Why it is not `ready`. */
  readonly reason?: Failure;
}

/** One frame as it went over the line, for the operator and the hall floor. */
export interface Traffic {
  readonly at: EpochMs;
  readonly direction: 'in' | 'out' | 'discarded';
  readonly bytes: Uint8Array;
  /** What it means, in words of the protocol ("find card", "coil 0 on"). Never holds personal data. */
  readonly meaning: string;
}

/**
 * One device spoken to over one transport. A driver never throws at its host: it supervises its own line, retries for ever
 * with growing delay, and tells its state through {@link onHealth}.
 */
export interface Driver {
  readonly deviceId: string;
  /** What this device can do; the hub asks capabilities, never protocols. */
  readonly capabilities: Partial<CapabilityMap>;
  readonly health: DeviceHealth;
  start(): void;
  stop(): Promise<void>;
  onHealth(listener: (health: DeviceHealth) => void): Cancel;
  onTraffic(listener: (traffic: Traffic) => void): Cancel;
}

/** The capability, or undefined where the device lacks it. */
export function capability<N extends CapabilityName>(driver: Driver, name: N): CapabilityMap[N] | undefined {
  return driver.capabilities[name];
}
