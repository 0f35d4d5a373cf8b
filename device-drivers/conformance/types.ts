import type { Clock, Result } from '@hallhub/sync/base';
import type { Profile, Vector } from '@hallhub/firmware-profiles/schema';
import type { CapabilityName } from '../capabilities/index.ts';
import type { Confirmation, ConnectMqttPeer, Framer, Transport } from '../kit/index.ts';
import type { DeviceWeb } from '../transports/index.ts';

/** Something that the device reports when it is caused to, as the driver's event. */
export interface Stimulus {
  readonly name: string;
  readonly capability: CapabilityName;
  /** The event's name in the capability's declaration: `card`, `passage`. */
  readonly event: string;
  /** Makes the simulated device report it; awaited before the event is. May be called again. */
  cause(): unknown;
  /** Whether the event says what was caused. */
  matches(event: unknown): boolean;
}

/** Something that the device can be told to do, and how often it has done it. */
export interface Order {
  readonly capability: CapabilityName;
  readonly command: string;
  readonly args: unknown;
  /** How strongly it is confirmed on a good line. */
  readonly confirmation: Confirmation;
  /** How many times the simulated device has carried it out, counted by the simulator. */
  effects(): number;
}

/** Faults inside the device, which a line cannot make. Each is switched on and off. */
export type DeviceFault = 'silent' | 'late' | 'wrong-address' | 'bad-check' | 'refuses';

/** A simulated device on the far end of a line, which speaks the protocol's bytes with a codec of its own. */
export interface Subject {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  readonly stimuli: readonly Stimulus[];
  readonly orders: readonly Order[];
  /** Undefined switches all off. */
  setFault(fault: DeviceFault | undefined): void;
}

/** A simulated device that hangs on a broker. */
export interface MqttSubject extends Omit<Subject, 'start'> {
  start(): void;
  /** Retained messages as a device that died long ago may have left them. */
  readonly ghosts: readonly { readonly topic: string; readonly payload: string }[];
}

/** The frames that come from a device, for the checks of the framer alone. */
export interface FrameSamples {
  readonly create: () => Framer<object>;
  /** Good frames as they stand in the vectors. */
  readonly frames: readonly Uint8Array[];
}

/**
 * What a protocol brings so that each of its profiles can be checked: `profiles check` and the tests run the same suite.
 * Lives in `protocols/<name>/conformance.ts`.
 */
export interface ProtocolConformance {
  readonly protocol: string;
  /** The faults that its simulated devices can have. */
  readonly deviceFaults: readonly DeviceFault[];
  /** What an installation has to add to the profile's parameters, such as a key that no profile may hold, or a topic. */
  installation?(profile: Profile): Readonly<Record<string, unknown>>;
  /** Runs a vector both ways, as far as the protocol has both. Throws, with what differs, when it does not hold. */
  checkVector(vector: Vector, profile: Profile): void;
  /** Of a profile's vectors those that come from the device. Absent for protocols that are no byte stream. */
  frameSamples?(vectors: readonly Vector[], profile: Profile): FrameSamples;
  /** The simulated device for a profile on the far end of a line. Absent where a line in memory cannot carry the protocol. */
  simulate?(options: { readonly transport: Transport; readonly clock: Clock; readonly profile: Profile }): Subject;
  /** The simulated device for a profile that hangs on a broker. */
  simulateMqtt?(options: {
    readonly connect: ConnectMqttPeer;
    readonly clock: Clock;
    readonly profile: Profile;
  }): MqttSubject;
  /** The simulated device for a profile that speaks HTTP, either way. */
  simulateHttp?(options: { readonly web: DeviceWeb; readonly clock: Clock; readonly profile: Profile }): Subject;
}

/** One check of one profile. */
export interface CheckReport {
  readonly profile: string;
  readonly check: string;
  readonly ok: boolean;
  /** What went wrong. */
  readonly detail?: string;
}
