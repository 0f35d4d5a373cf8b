import type { Cancel, Clock, DurationMs, Result } from '@hallhub/sync/base';
import type { Traffic, Transport } from '../../kit/index.ts';
import type { ReaderVariant } from './simulator-wire.ts';

/** What is printed on a simulated card. Every field is text as the card's text block holds it. */
export type SimulatedCard =
  | {
      readonly layout: 'resident';
      readonly name: string;
      readonly number: string;
      /** `0` unknown, `1` male, `2` female, `9` unspecified (GB/T 2261.1). */
      readonly sex?: string;
      /** Two digits of GB/T 3304. */
      readonly nation?: string;
      readonly birth?: string;
      readonly address?: string;
      readonly authority?: string;
      readonly validFrom?: string;
      /** YYYYMMDD or `长期`. */
      readonly validTo?: string;
    }
  | {
      readonly layout: 'hk-mo-tw';
      readonly name: string;
      readonly number: string;
      readonly passNumber: string;
      readonly issueCount?: string;
      readonly sex?: string;
      readonly birth?: string;
      readonly address?: string;
      readonly authority?: string;
      readonly validFrom?: string;
      readonly validTo?: string;
    }
  | {
      readonly layout: 'foreign-2017' | 'foreign-2023';
      readonly englishName: string;
      readonly name?: string;
      readonly number: string;
      /** Three letters. */
      readonly country: string;
      readonly sex?: string;
      readonly birth?: string;
      readonly validFrom?: string;
      readonly validTo?: string;
    };

/** Faults that can be switched on; they stay until they are switched off (`undefined` or absent). */
export interface ReaderFaults {
  /** The status (SW3) that this step answers instead of its own, for example `{ read: 0x41 }`. */
  readonly status?: { readonly find?: number; readonly select?: number; readonly read?: number };
  /** Random bytes before every reply. */
  readonly noiseBytes?: number;
  /** Only the first n bytes of every reply are sent. */
  readonly tearAfter?: number;
  /** The reply's checksum is wrong. */
  readonly badChecksum?: boolean;
  /** After a card was read, find answers 80 until it is lifted, as many readers do. */
  readonly findOnce?: boolean;
  /** Nothing is answered. */
  readonly silent?: boolean;
  /** Every reply comes this much later. */
  readonly slow?: DurationMs;
  /** Every reply is sent twice. */
  readonly duplicate?: boolean;
}

export interface ReaderSimulatorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Paces the bytes as a serial line of this speed would (8N1). Absent: all at once. */
  readonly baudRate?: number;
  /** Which of the readers' languages it speaks; `standard` by default. */
  readonly variant?: ReaderVariant;
  /** How long the chip takes to answer a read before its first byte leaves; 0 by default. */
  readonly readTime?: DurationMs;
}

/** A reader of resident ID cards, from the bytes up. */
export interface ReaderSimulator {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  /** Lays a card on the reader; the one that lies there is taken away first. */
  putCard(card: SimulatedCard): void;
  liftCard(): void;
  readonly card: SimulatedCard | undefined;
  /** Replaces all faults. */
  setFaults(faults: ReaderFaults): void;
  readonly faults: ReaderFaults;
  /** Frames as the reader sees them: `in` are requests. */
  onTraffic(listener: (traffic: Traffic) => void): Cancel;
}
