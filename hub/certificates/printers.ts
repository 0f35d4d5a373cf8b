import { type Cancel, type Clock, type EpochMs, minutes } from '@hallhub/sync/base';
import type { PrinterStatus } from '@hallhub/device-drivers/capabilities';
import type { PrinterDirectory, PrinterHandle } from './edge.ts';
import type { CertificateStore } from './store.ts';
import { type PrinterVerdict, examinePrinter } from './suitability.ts';

/** What a printer said of itself when it was last asked with another answer than before. */
export interface PrinterCheck {
  readonly printerUuid: string;
  readonly at: EpochMs;
  readonly verdict: PrinterVerdict;
}

/** Whether certificates may go to a printer, kept with the UUID of the printer that it holds for. */
export interface PrinterChecks {
  /** Examines what the printer says, and keeps the verdict where it or the printer is another than before. */
  examine(handle: PrinterHandle, status: PrinterStatus): PrinterVerdict;
  known(printerId: string): PrinterCheck | undefined;
  /** Asks every printer now and then, so that staff see what is wrong before a student does. */
  start(): void;
  stop(): Promise<void>;
}

const ASK_EVERY = minutes(5);

export function printerChecks(deps: {
  readonly clock: Clock;
  readonly store: Pick<CertificateStore, 'printerCheck' | 'keepPrinterCheck'>;
  readonly printers: PrinterDirectory;
  readonly rasterDpi?: number;
  readonly onFault: (error: unknown) => void;
}): PrinterChecks {
  const { clock, store, printers, rasterDpi } = deps;
  let running = false;
  let next: Cancel = () => undefined;
  let round: Promise<void> = Promise.resolve();

  const examine: PrinterChecks['examine'] = (handle, status) => {
    const { printerId, countsImpressions } = handle;
    const verdict = examinePrinter(status, { countsImpressions, ...(rasterDpi !== undefined && { rasterDpi }) });
    const known = store.printerCheck(printerId);
    const same = known?.printerUuid === status.printerUuid && JSON.stringify(known.verdict) === JSON.stringify(verdict);
    if (!same) store.keepPrinterCheck(printerId, { printerUuid: status.printerUuid, at: clock.now(), verdict });
    return verdict;
  };
  const askAll = async (): Promise<void> => {
    for (const handle of printers.list()) {
      const status = await handle.printer.status();
      if (!running) return;
      if (status.ok) examine(handle, status.value);
    }
  };
  const begin = (): void => {
    round = askAll()
      .catch(deps.onFault)
      .finally(() => {
        if (running) next = clock.after(ASK_EVERY, begin);
      });
  };

  return {
    examine,
    known: store.printerCheck,
    start: () => {
      running = true;
      begin();
    },
    stop: async () => {
      running = false;
      next();
      await round;
      next();
    },
  };
}
