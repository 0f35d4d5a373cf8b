import type { Clock, DurationMs, Failure, RandomBytes, Result } from '@hallhub/sync/base';
import type { Driver } from './driver.ts';
import type { HttpClient } from './http-client.ts';
import type { HttpInbox } from './http-inbox.ts';
import type { DeviceLog } from './log.ts';
import type { MqttChannel } from './mqtt-channel.ts';
import type { Transport } from './transport.ts';

export interface SerialSettings {
  readonly kind: 'serial';
  /** A stable name: `/dev/serial/by-id/…`, `/dev/ttyS0`, `COM3`. */
  readonly path: string;
  /** Bits per second. */
  readonly baudRate: number;
  readonly dataBits?: 7 | 8;
  readonly parity?: 'none' | 'even' | 'odd';
  readonly stopBits?: 1 | 2;
}

export interface TcpSettings {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
}

/** A device on USB that is no serial port: a printer. */
export interface UsbSettings {
  readonly kind: 'usb';
  readonly vendorId: number;
  readonly productId: number;
  /** Tells two of a kind apart; the stable name of a device, whichever socket it is in. */
  readonly serialNumber?: string;
  /** The first interface of the printer class or the vendor's own with bulk endpoints, where it is absent. */
  readonly interfaceNumber?: number;
  /** The interface's bulk endpoints, where the first of each direction are not what the device talks over. */
  readonly endpoints?: UsbEndpoints;
}

/** Numbers of bulk endpoints without their direction's bit: 0x81 is 1. */
export interface UsbEndpoints {
  /** Read side by side; their bytes are taken in the order in which they come. */
  readonly inputs: readonly number[];
  /** Of every write the first `headBytes` go to `head` and what is behind them to `rest`. */
  readonly output: { readonly head: number; readonly headBytes: number; readonly rest: number };
}

/** An in-memory line by name: the simulators of the demo and of tests. */
export interface MemorySettings {
  readonly kind: 'memory';
  readonly name: string;
  /** What a real line of this kind would run at, for the protocols whose timeouts depend on it. */
  readonly baudRate?: number;
}

/** A device with an address of its own and no byte line: IPP, HTTP. Its protocol connects by itself. */
export interface UrlSettings {
  readonly kind: 'url';
  readonly url: string;
}

/** A device on the hub's broker. Its topics are parameters of its protocol. */
export interface MqttSettings {
  readonly kind: 'mqtt';
}

/** Datagrams as a byte line: whoever speaks so must bear that some are lost, doubled or come in another order. */
export interface UdpSettings {
  readonly kind: 'udp';
  readonly host: string;
  readonly port: number;
  /** Where the device sends to by itself; any free one where it is absent. */
  readonly localPort?: number;
}

/** Each write is a POST, and the body of its answer is what the device says. The device cannot speak first. */
export interface HttpSettings {
  readonly kind: 'http';
  readonly url: string;
}

/** Devices that report by HTTP requests of their own, to a port of this host; which of them is whose stands in the parameters. */
export interface HttpListenSettings {
  readonly kind: 'http-listen';
  /** The address on which this host listens, in the devices' own network. */
  readonly host: string;
  readonly port: number;
}

/** A serial line behind a gateway that carries its bytes as MQTT messages, unchanged. */
export interface MqttLineSettings {
  readonly kind: 'mqtt-line';
  /** The topic to the device. */
  readonly send: string;
  /** The topic from the device. */
  readonly receive: string;
}

export type TransportSettings =
  | SerialSettings
  | TcpSettings
  | UdpSettings
  | UsbSettings
  | HttpSettings
  | MqttLineSettings
  | MemorySettings
  | UrlSettings
  | HttpListenSettings
  | MqttSettings;

/** Whether there is a byte line; without one a protocol has its messages from elsewhere, or connects by itself. */
export const isByteLine = ({ kind }: TransportSettings): boolean =>
  kind !== 'url' && kind !== 'mqtt' && kind !== 'http-listen';

/** Makes a byte line from its settings. Errors: `E-DEV-0302` where the kind of line is not known here. */
export type TransportFactory = (settings: TransportSettings) => Result<Transport>;

/** What every driver is given; nothing in a driver reaches for a clock, randomness, a port or a log of its own. */
export interface DriverEnvironment {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: DeviceLog;
  readonly transportFactory: TransportFactory;
  /** The broker for devices that speak MQTT; absent where this host has none. */
  readonly mqtt?: MqttChannel;
  /** Requests of devices that report by HTTP; absent where this host takes none. */
  readonly inbox?: (settings: HttpListenSettings) => HttpInbox;
  /** Asks devices that are HTTP servers; the network of this machine where it is absent. */
  readonly http?: HttpClient;
  readonly reconnect?: ReconnectPolicy;
  /** Nobody knows yet what is on the line: a driver only asks, and leaves out whatever would set a device up. */
  readonly probe?: true;
}

export interface ReconnectPolicy {
  /** The first delay; it doubles with every attempt that fails. */
  readonly first: DurationMs;
  readonly longest: DurationMs;
}

/** One device on a bus: its id and its protocol's parameters as they stand in the configuration, profile merged in. */
export interface BusDevice {
  readonly deviceId: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** One line and everything that hangs on it. A line is opened once, whoever shares it. */
export interface BusDefinition {
  readonly transport: TransportSettings;
  readonly devices: readonly BusDevice[];
}

/** A language that devices speak. A new protocol is one of these; a new model is a profile. */
export interface Protocol {
  /** As profiles name it: `resident-id`, `modbus-rtu`, `ipp`. */
  readonly name: string;
  /** Its devices speak when they like and never answer: that a line is open says nothing about who is on it. */
  readonly listensOnly?: true;
  /**
   * Why a device cannot share a bus with those that are on it already; it is left out then, and they are not. Errors:
   * `E-DEV-0306`. Absent: `connect` refuses all of them.
   */
  readonly clash?: (device: BusDevice, others: readonly BusDevice[]) => Failure | undefined;
  /**
   * The drivers of the devices on one bus, in the order of `bus.devices`. Opens nothing: that is `Driver.start`.
   * Errors: `E-DEV-0302` with the parameter that is wrong.
   */
  connect(bus: BusDefinition, environment: DriverEnvironment): Result<readonly Driver[]>;
}

/** Where a protocol is: all that its host needs of one whose buses run in threads of their own. */
export interface ProtocolPlace {
  readonly name: string;
  /** The URL of a module that exports it. */
  readonly module: string;
  /** As the protocol's own: who shares a bus is decided before anything is loaded. */
  readonly clash?: Protocol['clash'];
}
