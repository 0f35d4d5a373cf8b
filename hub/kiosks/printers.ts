import type { PrinterStatus } from '@hallhub/device-drivers/capabilities';
import type { Cancel, Clock, DurationMs, Result } from '@hallhub/sync/base';
import { seconds } from '@hallhub/sync/base';

/** What the printers of kiosks last said. */
export interface PrinterWatch {
  start(): void;
  stop(): void;
  /** Undefined: it was not asked yet. */
  last(printerId: string): Result<PrinterStatus> | undefined;
  /** Ask again now: a job began or ended, or somebody has refilled it. */
  ask(printerId: string): void;
}

const EVERY: DurationMs = seconds(10);

/** Asks each printer from time to time, never twice at once. */
export function watchPrinters(deps: {
  readonly printers: readonly string[];
  readonly status: (printerId: string) => Promise<Result<PrinterStatus>> | undefined;
  readonly clock: Clock;
  readonly onAnswer: (printerId: string) => void;
  readonly onFault: (printerId: string, error: unknown) => void;
}): PrinterWatch {
  const { printers, clock } = deps;
  const answers = new Map<string, Result<PrinterStatus>>();
  const asking = new Set<string>();
  const again = new Set<string>();
  let tick: Cancel | undefined;
  const ask = (printerId: string): void => {
    if (!tick) return;
    if (asking.has(printerId)) {
      again.add(printerId);
      return;
    }
    const question = deps.status(printerId);
    if (!question) return;
    asking.add(printerId);
    question
      .then((answer) => {
        answers.set(printerId, answer);
        if (tick) deps.onAnswer(printerId);
      })
      .catch((error: unknown) => {
        deps.onFault(printerId, error);
      })
      .finally(() => {
        asking.delete(printerId);
        if (again.delete(printerId)) ask(printerId);
      });
  };
  const round = (): void => {
    tick = clock.after(EVERY, round);
    for (const printerId of printers) ask(printerId);
  };
  return {
    start: round,
    stop: () => {
      tick?.();
      tick = undefined;
    },
    last: (printerId) => answers.get(printerId),
    ask,
  };
}
