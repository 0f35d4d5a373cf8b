import type { Cancel, Clock, DurationMs, EpochMs, Result } from '@hallhub/sync/base';
import type { Traffic, Transport } from '../../kit/index.ts';

/** Faults that can be switched on; they stay until they are switched off. */
export interface RelayBoardFaults {
  /** Requests are carried out, nothing is answered. */
  readonly silent?: boolean;
  /** Every reply comes this much later. */
  readonly lateBy?: DurationMs;
  /** Over TCP, which has no CRC, the reply's header is spoilt instead. */
  readonly badCrc?: boolean;
  /** Every request is refused with this exception code. */
  readonly exception?: number;
  /** Replies carry this address instead of the board's. */
  readonly wrongAddress?: number;
  /** The adapter hears its own bytes: every request comes back before the reply. */
  readonly echo?: boolean;
  /** Only the first n bytes of every reply are sent. */
  readonly tearAfter?: number;
}

export interface RelayBoardSimulatorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Bus address; 1 by default. */
  readonly unit?: number;
  /** Relays; 8 by default. */
  readonly relays?: number;
  /** Discrete inputs; 8 by default. */
  readonly inputs?: number;
  /** Holding and input registers that there are, by address, with their first values; none by default. */
  readonly holding?: Readonly<Record<number, number>>;
  readonly input?: Readonly<Record<number, number>>;
  /** Whether it knows the pulse that it ends by itself (function 05, address 0x0200 + channel); true by default. */
  readonly flashOn?: boolean;
  /** How frames are wrapped: with a CRC, or with the header of Modbus TCP; `rtu` by default. */
  readonly framing?: 'rtu' | 'tcp';
  /** Paces the bytes as a serial line of this speed would (8N1). Absent: all at once. */
  readonly baudRate?: number;
}

export interface RelayChange {
  readonly channel: number;
  readonly on: boolean;
  readonly at: EpochMs;
  /** How long the board will hold it by itself; absent where somebody switched it. */
  readonly pulse?: DurationMs;
}

/** A board of relays, inputs and registers on Modbus RTU or TCP, from the bytes up. */
export interface RelayBoardSimulator {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  readonly relays: readonly boolean[];
  readonly inputs: readonly boolean[];
  setInput(channel: number, on: boolean): void;
  /** Somebody switches a relay at the board itself, or another master does. */
  setRelay(channel: number, on: boolean): void;
  /** Undefined for a register that is not there. */
  register(table: 'holding' | 'input', address: number): number | undefined;
  setRegister(table: 'holding' | 'input', address: number, value: number): void;
  setFaults(faults: RelayBoardFaults): void;
  readonly faults: RelayBoardFaults;
  onRelay(listener: (change: RelayChange) => void): Cancel;
  /** Somebody wrote a holding register. */
  onWrite(listener: (write: { readonly address: number; readonly value: number }) => void): Cancel;
  /** Registers were read, and the reply is about to leave. */
  onRead(
    listener: (read: { readonly table: 'holding' | 'input'; readonly address: number; readonly count: number }) => void,
  ): Cancel;
  onTraffic(listener: (traffic: Traffic) => void): Cancel;
}

export interface TurnstileArmOptions {
  readonly board: RelayBoardSimulator;
  readonly clock: Clock;
  /** The relay that releases each direction. */
  readonly relay: { readonly in: number; readonly out?: number };
  /** The input that closes for a moment when somebody walks through. */
  readonly input: { readonly in: number; readonly out?: number };
  /** How long the arm stays released when nobody walks; 5 s by default. */
  readonly release?: DurationMs;
  /** How long the passage contact stays closed; 200 ms by default. */
  readonly contact?: DurationMs;
}

/** A turnstile's arm behind the relay board: a pulse releases it for one person. */
export interface TurnstileArm {
  /** Which way somebody may walk now. */
  readonly released: 'in' | 'out' | undefined;
  /** Somebody pushes the arm. False where it is locked that way. */
  walk(direction: 'in' | 'out'): boolean;
  onChange(listener: (released: 'in' | 'out' | undefined) => void): Cancel;
  stop(): void;
}
