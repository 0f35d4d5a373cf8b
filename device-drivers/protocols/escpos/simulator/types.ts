import type { Cancel, Clock, Result } from '@hallhub/sync/base';
import type { Traffic, Transport } from '../../../kit/index.ts';

/** One character in its cell; `columns` is 1 or 2 half-width cells before enlarging. */
export interface Cell {
  readonly character: string;
  readonly columns: 1 | 2;
  readonly width: number;
  readonly height: number;
  readonly bold: boolean;
}

/** What stands on the roll, in the order in which it was printed. */
export type PaperItem =
  | { readonly type: 'line'; readonly cells: readonly Cell[]; readonly align: 'left' | 'center' | 'right' }
  | {
      readonly type: 'raster';
      readonly rowBytes: number;
      readonly rows: number;
      readonly bits: Uint8Array;
      readonly align: 'left' | 'center' | 'right';
    }
  | { readonly type: 'qr'; readonly data: string; readonly module: number; readonly align: 'left' | 'center' | 'right' }
  | { readonly type: 'cut'; readonly partial: boolean };

/** Faults that can be switched on; they stay until they are switched off. */
export interface TicketPrinterFaults {
  /** Hears and prints, and answers nothing. */
  readonly silent?: boolean;
  /** Does not know `DLE EOT`: no answer to it. */
  readonly noStatus?: boolean;
  /** Does not know `GS ( H`. */
  readonly noCompletion?: boolean;
  /** Status answers whose fixed bits are wrong. */
  readonly wrongStatusBits?: boolean;
  /** So many bytes of rubbish before every answer. */
  readonly garbageBytes?: number;
  /** The paper ends after so many further lines (an image counts one line for 24 rows). */
  readonly paperLines?: number;
  /** Takes so many bytes per second out of its buffer; all at once where it is absent. */
  readonly bytesPerSecond?: number;
}

export interface TicketPrinterSimulatorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Printable dots in a line; 576 by default. */
  readonly dots?: number;
}

/** A printer from the bytes up. */
export interface TicketPrinterSimulator {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  /** Everything printed since the roll was put in. */
  readonly roll: readonly PaperItem[];
  readonly dots: number;
  /** Bytes taken and not printed yet. */
  readonly buffered: number;
  /** What a person reads on the roll, line by line. */
  text(): string;
  setFaults(faults: TicketPrinterFaults): void;
  readonly faults: TicketPrinterFaults;
  setPaper(paper: 'ok' | 'near-end' | 'end'): void;
  setCover(cover: 'open' | 'closed'): void;
  setCutterError(stuck: boolean): void;
  /** Power off loses the buffers and every setting. */
  setPower(on: boolean): void;
  onPrinted(listener: (item: PaperItem) => void): Cancel;
  onTraffic(listener: (traffic: Traffic) => void): Cancel;
}
