import type { Clock, Result } from '@hallhub/sync/base';
import type { PagePrinter } from '@hallhub/device-drivers/capabilities';
import type { PrintAttempt } from './rules.ts';

/** A printer that certificates may be printed on. */
export interface PrinterHandle {
  readonly printerId: string;
  readonly name: string;
  readonly printer: PagePrinter;
  /** Whether job-impressions-completed counts paper: true for a printer spoken to directly, false behind a spooler. */
  readonly countsImpressions: boolean;
}

export interface PrinterDirectory {
  get(printerId: string): PrinterHandle | undefined;
  list(): readonly PrinterHandle[];
}

/** Where the runner keeps what must survive it. */
export interface PrintJournal {
  /** Commits the attempt; it is on the disk when this returns. */
  save(attempt: PrintAttempt): void;
  /** Attempts that have not ended, oldest first. */
  unfinished(printerId: string): readonly PrintAttempt[];
  /** Ended attempts that may have left an empty job on the printer. */
  orphans(printerId: string): readonly PrintAttempt[];
  /** The bytes to print, after a last check that they may still be printed. */
  document(attempt: PrintAttempt): Promise<Result<Uint8Array>>;
}

export interface PrintRunnerDeps {
  readonly clock: Clock;
  readonly journal: PrintJournal;
  readonly printers: PrinterDirectory;
  /** A bug ended a printer's line; the attempt is taken up again at the next {@link PrintRunner.wake}. */
  readonly onFault: (printerId: string, error: unknown) => void;
}

/** Walks attempts through the state machine, one job in flight per printer. */
export interface PrintRunner {
  /** Takes up what an earlier process left unfinished. */
  start(): void;
  /** There is something new for this printer. */
  wake(printerId: string): void;
  stop(): Promise<void>;
}
