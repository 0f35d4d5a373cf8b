import type { Cancel, Clock, DurationMs, EpochMs, Result } from '@hallhub/sync/base';
import type { Traffic, Transport } from '../../kit/index.ts';

/** Faults that can be switched on; they stay until they are switched off. */
export interface OsdpReaderFaults {
  /** Commands are carried out, nothing is answered. */
  readonly silent?: boolean;
  /** Nothing is even heard. */
  readonly deaf?: boolean;
  /** Every reply comes this much later. */
  readonly lateBy?: DurationMs;
  readonly badCheck?: boolean;
  /** Every command is refused with this reason; or only those of the code {@link refuses}. */
  readonly nak?: number;
  readonly refuses?: number;
  /** Replies carry this address instead of the reader's. */
  readonly wrongAddress?: number;

  /** The reader does not repeat its last reply: it takes a repeated command for a new one. */
  readonly forgetsReply?: boolean;
  /** The reader forgets its sequence number before every command but one of number 0. */
  readonly dropsSequence?: boolean;
  readonly busy?: boolean;
  /** The reader forgets its secure link before every command. */
  readonly dropsSecureLink?: boolean;
  /** The reader has another key than the one that it was given. */
  readonly wrongKey?: boolean;
  /** Only the first n bytes of every reply are sent. */
  readonly tearAfter?: number;
  /** Every reply is the one before the last. */
  readonly replaysOldReply?: boolean;
}

/** How this reader takes files. */
export interface FileBehaviour {
  /** Milliseconds that it wants before every further fragment. */
  readonly delayMs?: number;
  /** The longest message that it takes. */
  readonly receiveSize?: number;
  /** It wants nothing but fragments meanwhile. */
  readonly exclusive?: boolean;
  /** So many signs of life it wants after the last fragment. */
  readonly finishing?: number;
  /** What it says in the end: 1 processed, 2 rebooting, -1 abort, -2 unrecognised, -3 malformed. 1 by default. */
  readonly outcome?: 1 | 2 | -1 | -2 | -3;
  /** The version that it reports once it has taken a file; by default it goes on reporting its old one. */
  readonly version?: readonly [number, number, number];
  /** It forgets what it has whenever a link begins anew. */
  readonly forgets?: boolean;
}

export interface OsdpReaderSimulatorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** 0 by default. */
  readonly address?: number;
  /** Paces the bytes as a serial line of this speed would (8N1). Absent: all at once. */
  readonly baudRate?: number;
  /** Its own key, 16 bytes. Absent: the default key. */
  readonly key?: Uint8Array;
  /** Nothing but the beginnings of a link goes in the clear. */
  readonly secureOnly?: boolean;
  /** It has no secure channel. */
  readonly insecure?: boolean;
  /** It refuses frames with a CRC. */
  readonly checksumOnly?: boolean;
  /** It does not answer ID before the first POLL of a link. */
  readonly wantsPollFirst?: boolean;
  /** OUT is answered with the state of the outputs instead of an ACK. */
  readonly reportsOutputs?: boolean;
  /** It drops the secure link after it took a key. */
  readonly dropsLinkAfterKey?: boolean;
  /** 1 by default. */
  readonly outputs?: number;
  /** 1 by default. */
  readonly inputs?: number;
  readonly files?: FileBehaviour;
}

export interface OutputChange {
  readonly output: number;
  readonly on: boolean;
  readonly at: EpochMs;
  /** How long the reader will hold it by itself; absent where it stays so. */
  readonly pulse?: DurationMs;
}

export interface BuzzerSignal {
  readonly tone: number;
  readonly onMs: number;
  readonly offMs: number;
  readonly count: number;
}

/** An OSDP reader from the bytes up: presents cards and keys, and tells what was made of its lamps, buzzer and outputs. */
export interface OsdpReaderSimulator {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  /** Somebody holds a card to it: its bits as text of 0 and 1. */
  present(bits: string): void;
  /** Card data in the ambiguous formatted form. */
  presentFormatted(characters: string): void;
  press(keys: string): void;
  setTamper(on: boolean): void;
  setPowerFailure(on: boolean): void;
  setInput(input: number, on: boolean): void;
  setFaults(faults: OsdpReaderFaults): void;
  readonly faults: OsdpReaderFaults;
  /** OSDP colours by LED: 0 off, 1 red, 2 green, 3 amber, 4 blue. */
  readonly leds: ReadonlyMap<number, number>;
  readonly buzzes: readonly BuzzerSignal[];
  readonly texts: readonly string[];
  readonly outputs: readonly boolean[];
  readonly key: Uint8Array | undefined;
  readonly isSecure: boolean;
  readonly address: number;
  /** Files that it took whole. */
  readonly files: readonly { readonly type: number; readonly content: Uint8Array }[];
  /** Every command that was carried out, by its code: what was only repeated is not here. */
  readonly carriedOut: readonly number[];
  /** Where the panel broke a rule of the protocol. */
  readonly violations: readonly string[];
  onOutput(listener: (change: OutputChange) => void): Cancel;
  onTraffic(listener: (traffic: Traffic) => void): Cancel;
}
