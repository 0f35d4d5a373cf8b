import type { Clock, Code, DurationMs, Result } from '@hallhub/sync/base';
import type { PeerRun, Profile, Vector } from '@hallhub/firmware-profiles/schema';
import type { CapabilityName } from '../capabilities/index.ts';
import type {
  Confirmation,
  ConnectMqttPeer,
  Driver,
  Framer,
  Protocol,
  Receipt,
  Transport,
  TransportSettings,
} from '../kit/index.ts';
import type { DeviceWeb } from '../transports/index.ts';

/** An event, a command or a call of a capability: `cardReader.unreadable`. */
export type Member = `${CapabilityName}.${string}`;

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
  /** Whether it says what was caused before, where each time something else is caused. */
  matchedBefore?(event: unknown): boolean;
}

/** Something that the device can be told to do, and how often it has done it. */
export interface Order {
  readonly capability: CapabilityName;
  readonly command: string;
  /** A function where no order may be like the one before, such as a card that is put once only. */
  readonly args: object | (() => object);
  /** How strongly it is confirmed on a good line. */
  readonly confirmation: Confirmation;
  /** How many times the simulated device has carried it out, counted by the simulator. */
  effects(): number;
  /** What has to be so before the device takes it, such as a car in front of it. Called right before each order. */
  prepare?(): void;
  /** Events of the same capability, by name, that carrying it out brings about. */
  readonly tells?: readonly string[];
  /** How long its receipt may take, on any line; 20 s by default. */
  readonly answeredWithin?: DurationMs;
}

/** A command that the capability has and this model has not: refused with this code. */
export interface Refusal {
  readonly capability: CapabilityName;
  readonly command: string;
  readonly args: object;
  readonly code: Code;
}

/** What a scene is played with, in a time that passes only while something is waited for. */
export interface Play {
  readonly clock: Clock;
  readonly driver: Driver;
  /** Lets time pass until something holds. False: it did not within `longest`. */
  readonly until: (holds: () => boolean, longest: DurationMs) => Promise<boolean>;
  readonly order: (
    capability: CapabilityName,
    command: string,
    args: object,
  ) => { readonly receipt: () => Receipt | undefined };
  /** The answer to a call, which has the shape that the capability declares. Throws where there is none. */
  readonly ask: (capability: CapabilityName, call: string, ...args: readonly unknown[]) => Promise<unknown>;
}

/** What no single order or stimulus shows: calls with arguments, an order that another one ends. */
export interface Scene {
  readonly name: string;
  /** What of the profile's promises it exercises. */
  readonly covers: readonly Member[];
  /** Throws, with what went wrong. */
  readonly play: (play: Play) => Promise<void>;
}

/** Faults inside the device, which a line cannot make. Each is switched on and off. */
export type DeviceFault = 'silent' | 'late' | 'wrong-address' | 'bad-check' | 'refuses';

/** A simulated device on the far end of a line, which speaks the protocol's bytes with a codec of its own. */
export interface Subject {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  readonly stimuli: readonly Stimulus[];
  readonly orders: readonly Order[];
  readonly refusals?: readonly Refusal[];
  readonly scenes?: readonly Scene[];
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
  readonly create: () => Framer<{ readonly bytes: Uint8Array }>;
  /** Good frames as they stand in the vectors. */
  readonly frames: readonly Uint8Array[];
  /** A pause alone ends a frame: one that is cut short is a frame as well. */
  readonly endedByPause?: boolean;
}

/** A simulated device that opens its connections otherwise than by a line, a broker or HTTP of the kit. */
export interface OwnStage {
  readonly protocol: Protocol;
  readonly transport: TransportSettings;
  readonly subject: Subject;
  readonly unplug: () => void;
  readonly plug: () => void;
}

/**
 * What a fault of the device must be seen by while it lasts:
 * - `not-ready`: it leaves `ready`;
 * - `not-ready-again`: it does not become `ready` after its line was unplugged and plugged in;
 * - `order-fails`: every order fails with a code;
 * - `discarded`: bytes, or a message, are thrown away, and the traffic says so;
 * - `too-late`: an answer that comes behind its timeout is told from the one that is waited for;
 * - `unreported`: something that it would report in its place is not.
 */
export type FaultSign = 'not-ready' | 'not-ready-again' | 'order-fails' | 'discarded' | 'too-late' | 'unreported';

/** For each fault what it must be seen by, or why no such device can have it. */
export type DeviceFaults = Readonly<Record<DeviceFault, readonly [FaultSign, ...FaultSign[]] | string>>;

/**
 * Checks that make no sense for a profile, each with the reason, which the report prints. Nothing else may fall away: a check
 * that is neither run nor listed here fails, and so does a reason for what is run.
 */
export interface NotApplicable {
  /** No vector of a request, or none of a reply. */
  readonly requests?: string;
  readonly replies?: string;
  /** The checks of the framer. */
  readonly frames?: string;
  /** Every check with a simulated device. */
  readonly dialogue?: string;
  readonly lineFaults?: string;
  /** That half of a card, code or plate is nobody else's: why this model cannot promise it. */
  readonly identity?: string;
  /** What its capabilities have and it has not. */
  readonly promises?: Readonly<Record<Member, string>>;
}

/** A run of a protocol against an implementation written elsewhere, which a test beside the protocol repeats. */
export interface ProtocolPeer extends PeerRun {
  /** The test's file in the protocol's folder. */
  readonly test: string;
}

/**
 * What a protocol brings so that each of its profiles can be checked: `profiles check` and the tests run the same suite.
 * Lives in `protocols/<name>/conformance.ts`.
 */
export interface ProtocolConformance {
  readonly protocol: string;
  /** Runs of the protocol, and of no profile with its own parameters, against implementations written elsewhere. */
  readonly peers?: readonly ProtocolPeer[];
  deviceFaults(profile: Profile): DeviceFaults;
  notApplicable?(profile: Profile): NotApplicable;
  /** What an installation has to add to the profile's parameters, such as a key that no profile may hold, or a topic. */
  installation?(profile: Profile): Readonly<Record<string, unknown>>;
  /** Runs a vector both ways, as far as the protocol has both. Throws, with what differs, when it does not hold. */
  checkVector(vector: Vector, profile: Profile): void;
  /** Of a profile's vectors those that come from the device. Absent for protocols that are no byte stream. */
  frameSamples?(vectors: readonly Vector[], profile: Profile): FrameSamples;
  /** The simulated device for a profile on the far end of a line. Absent where a line in memory cannot carry the protocol. */
  readonly simulate?: (options: {
    readonly transport: Transport;
    readonly clock: Clock;
    readonly profile: Profile;
  }) => Subject;
  /** The simulated device for a profile that hangs on a broker. */
  readonly simulateMqtt?: (options: {
    readonly connect: ConnectMqttPeer;
    readonly clock: Clock;
    readonly profile: Profile;
  }) => MqttSubject;
  /** The simulated device for a profile that speaks HTTP, either way. */
  readonly simulateHttp?: (options: {
    readonly web: DeviceWeb;
    readonly clock: Clock;
    readonly profile: Profile;
  }) => Subject;
  /** The simulated device with a way to it of its own. */
  simulateOwn?(options: { readonly clock: Clock; readonly profile: Profile }): OwnStage;
}

/** One check of one profile. */
export interface CheckReport {
  readonly profile: string;
  readonly check: string;
  readonly ok: boolean;
  /** What went wrong. */
  readonly detail?: string;
  /** It was not run, for this reason. */
  readonly notApplicable?: string;
}
