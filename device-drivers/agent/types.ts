import type { Cancel, Clock, DurationMs, RandomBytes } from '@hallhub/sync/base';
import type { ProfileCatalogue } from '@hallhub/firmware-profiles/schema';
import type { CapabilityMap, CapabilityName } from '../capabilities/index.ts';
import type {
  DeviceHealth,
  DeviceLog,
  DriverEnvironment,
  MqttChannel,
  Protocol,
  ProtocolPlace,
  ReconnectPolicy,
  Traffic,
  TransportFactory,
  TransportSettings,
} from '../kit/index.ts';
import type { FirmwareMemory } from './firmware-watch.ts';

/** A device as the configuration names it. */
export interface DeviceDefinition {
  /** The logical device: `gate-1-reader`. It keeps this id when its hardware is replaced. */
  readonly id: string;
  /** The id of a profile of firmware-profiles: `generic/resident-id-serial`. */
  readonly profile: string;
  /** Devices whose settings are equal share one line (an RS-485 bus). */
  readonly transport: TransportSettings;
  /** Overrides of the profile's parameters. */
  readonly params?: Readonly<Record<string, unknown>>;
}

/** What a host is to host. */
export interface Assignment {
  readonly devices: readonly DeviceDefinition[];
  /** The profiles known here; `builtInProfiles()` of `@hallhub/firmware-profiles/schema` by default. */
  readonly profiles?: ProfileCatalogue;
}

export type KnownProtocol = Protocol | ProtocolPlace;

export interface AgentHostOptions extends Assignment {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: DeviceLog;
  /**
   * The protocols known here; {@link builtInProtocols} by default, which are places. Without {@link AgentHostOptions.isolate}
   * they must be loaded: {@link loadBuiltInProtocols}.
   */
  readonly protocols?: readonly KnownProtocol[];
  /** Makes lines; serial and TCP by default. The demo adds its in-memory lines here. */
  readonly transportFactory?: TransportFactory;
  readonly reconnect?: ReconnectPolicy;
  /** The broker, for devices that speak MQTT. */
  readonly mqtt?: MqttChannel;
  /** Where devices report by HTTP; the ports of this machine by default. */
  readonly inbox?: DriverEnvironment['inbox'];
  /** What is known of the devices' firmware from before; nothing by default. */
  readonly firmware?: FirmwareMemory;
  /**
   * Runs each bus in a thread of its own, so that a driver that throws or spins stops no other bus. Needs a clock that runs by
   * itself, and protocols named by their place; loaded ones run in the caller's thread.
   */
  readonly isolate?: boolean;
  /** So many buses have a thread of their own; what is beyond shares these. 12 by default. */
  readonly threads?: number;
  /** A thread that does not answer for this long spins, and is started anew; 10 s by default. */
  readonly patience?: DurationMs;
}

export interface HostedDevice {
  readonly id: string;
  readonly profile: string;
  /** What an operator would call its line. */
  readonly line: string;
  readonly capabilities: readonly CapabilityName[];
  readonly health: DeviceHealth;
}

/**
 * Hosts the drivers beside the devices: in the hub's process, in the kiosk app, or alone at a gate. A definition that
 * makes no sense is a device that is `down` with the reason (`E-DEV-0301`, `E-DEV-0302`); the others run.
 */
export interface AgentHost {
  start(): void;
  /** Closes every line. May be started again. */
  stop(): Promise<void>;
  devices(): readonly HostedDevice[];
  /** The capability, or undefined where there is no such device or it lacks it. It stays the same while the host lives. */
  capability<N extends CapabilityName>(deviceId: string, name: N): CapabilityMap[N] | undefined;
  health(deviceId: string): DeviceHealth | undefined;
  /** The last frames, oldest first; empty for an unknown device. */
  traffic(deviceId: string): readonly Traffic[];
  onHealth(listener: (event: { readonly deviceId: string; readonly health: DeviceHealth }) => void): Cancel;
  onTraffic(listener: (event: { readonly deviceId: string; readonly traffic: Traffic }) => void): Cancel;
  /** Devices or what they can have come or gone; {@link followDevices} is how to keep listening to them all. */
  onDevices(listener: () => void): Cancel;
}

/** A host whose devices change while everybody who holds one of its capabilities goes on holding it. */
export interface AssignableHost extends AgentHost {
  /**
   * Takes over other devices or profiles. Only buses for which that means something else than before are stopped and built
   * anew (their devices report `starting`); the others do not notice. A line is closed before it is opened again.
   */
  assign(assignment: Assignment): Promise<void>;
}
