import { type Clock, type DurationMs, type Result, ok, sleep } from '@hallhub/sync/base';
import type { PagePrinter } from '@hallhub/device-drivers/capabilities';
import {
  type PrintAttempt,
  type PrintEffect,
  type PrintInput,
  type PrintStep,
  isEnded,
  leftoversOf,
  nothingSent,
  printTimes,
  resume,
  step,
  withdraw,
} from './rules.ts';

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

export interface PreparedDocument {
  readonly bytes: Uint8Array;
  /** Of these bytes, hex. */
  readonly sha256: string;
}

/** Where the runner keeps what must survive it. */
export interface PrintJournal {
  /** Commits the attempt; it is on the disk when this returns. */
  save(attempt: PrintAttempt): void;
  /** Attempts that have not ended: the one that holds the printer first, then by age. */
  unfinished(printerId: string): readonly PrintAttempt[];
  /** Ended attempts that may have left a job on the printer. */
  orphans(printerId: string): readonly PrintAttempt[];
  /** Whether staff want it gone; asked before every step. */
  isWithdrawn(attemptId: string): boolean;
  /**
   * The bytes to print in the attempt's format, after a last check that they may still be printed and are made of what was
   * promised.
   */
  document(attempt: PrintAttempt): Promise<Result<PreparedDocument>>;
}

export interface PrintRunnerDeps {
  readonly clock: Clock;
  readonly journal: PrintJournal;
  readonly printers: PrinterDirectory;
  /** A bug ended a printer's line; its attempt is taken up again at the next {@link PrintRunner.wake}. */
  readonly onFault: (printerId: string, error: unknown) => void;
}

/** Walks attempts through the state machine of `rules`, one job in flight per printer. */
export interface PrintRunner {
  /** Takes up what an earlier process left unfinished. */
  start(): void;
  /** There is something new for this printer. */
  wake(printerId: string): void;
  /** Whether it is this attempt's turn on its printer. */
  holds(attemptId: string): boolean;
  /** Waits for the network effect under way; the rest is taken up at the next start. */
  stop(): Promise<void>;
}

export function printRunner({ clock, journal, printers, onFault }: PrintRunnerDeps): PrintRunner {
  const lines = new Map<string, Promise<void>>();
  /** Woken while their line was running: looked at once more when it ends. */
  const woken = new Set<string>();
  const held = new Set<string>();
  /** Lines that rest before they look again, each with what wakes it. */
  const resting = new Map<string, AbortController>();
  const stopping = new AbortController();
  const rest = async (printerId: string, until: DurationMs): Promise<void> => {
    const woken = new AbortController();
    resting.set(printerId, woken);
    await pause(clock, until, AbortSignal.any([woken.signal, stopping.signal]));
    resting.delete(printerId);
  };

  const walk = async (handle: PrinterHandle, found: PrintAttempt): Promise<void> => {
    let document: PreparedDocument | undefined;
    const perform = async (effect: PrintEffect, attempt: PrintAttempt): Promise<PrintInput> => {
      if (effect.type !== 'load-document') return performOn(handle.printer, effect, attempt, document);
      const loaded = await journal.document(attempt);
      if (loaded.ok) document = loaded.value;
      return { type: 'document', result: loaded.ok ? ok({ sha256: loaded.value.sha256 }) : loaded };
    };
    let known = found;
    let next: PrintStep = resume(found, clock.now());
    for (;;) {
      // What is not yet committed has not happened: a document that staff withdrew while it was made ready stays here.
      if (journal.isWithdrawn(found.attemptId)) {
        const from = nothingSent(known.state) ? known : next.attempt;
        next = withdraw(from, clock.now()) ?? next;
      }
      // Stopping with nothing sent yet: the committed state lets the next start try again.
      if (stopping.signal.aborted && next.effect?.type === 'send-document') return;
      if (next.attempt !== known) journal.save(next.attempt);
      known = next.attempt;
      if (!next.effect) return;
      if (!(await pause(clock, next.effect.after, stopping.signal))) return;
      next = step(known, await perform(next.effect, known), clock.now());
    }
  };

  const drain = async (printerId: string): Promise<void> => {
    const handle = printers.get(printerId);
    if (!handle) return;
    for (;;) {
      if (stopping.signal.aborted) return;
      const isFree = await clearLeftovers(handle, journal);
      const [attempt] = journal.unfinished(printerId);
      // What was left might put out its paper between the sheets of the next one.
      if (!isFree && (attempt === undefined || attempt.state === 'queued')) {
        if (attempt && attempt.code !== 'E-CERT-0413') journal.save({ ...attempt, code: 'E-CERT-0413' });
        await rest(printerId, attempt ? printTimes.retryEvery : printTimes.leftoverEvery);
        continue;
      }
      if (!attempt) return;
      held.add(attempt.attemptId);
      try {
        await walk(handle, attempt);
      } finally {
        held.delete(attempt.attemptId);
      }
    }
  };

  const wake = (printerId: string): void => {
    if (stopping.signal.aborted) return;
    if (lines.has(printerId)) {
      woken.add(printerId);
      resting.get(printerId)?.abort();
      return;
    }
    const line = drain(printerId)
      .catch((error: unknown) => {
        onFault(printerId, error);
      })
      .finally(() => {
        lines.delete(printerId);
        if (woken.delete(printerId)) wake(printerId);
      });
    lines.set(printerId, line);
  };

  return {
    start: () => {
      for (const { printerId } of printers.list()) wake(printerId);
    },
    wake,
    holds: (attemptId) => held.has(attemptId),
    stop: async () => {
      stopping.abort();
      await Promise.all(lines.values());
    },
  };
}

/** False when there was no time left to act in. */
async function pause(clock: Clock, after: DurationMs, signal: AbortSignal): Promise<boolean> {
  if (after > 0) await sleep(clock, after, signal);
  return !signal.aborted;
}

async function performOn(
  printer: PagePrinter,
  effect: PrintEffect,
  attempt: PrintAttempt,
  document: PreparedDocument | undefined,
): Promise<PrintInput> {
  switch (effect.type) {
    case 'ask-printer':
      return { type: 'printer', result: await printer.status() };
    case 'find-jobs':
      return { type: 'found', result: await printer.findJobs(attempt.attemptId) };
    case 'create-job': {
      const { attemptId: name, copies, duplex } = attempt;
      return { type: 'created', result: await printer.createJob({ name, copies, duplex }) };
    }
    case 'send-document':
      if (!document) throw new Error('sending before the document was loaded');
      return {
        type: 'sent',
        result: await printer.sendDocument(jobIdOf(attempt), document.bytes, attempt.format ?? 'application/pdf'),
      };
    case 'ask-job': {
      const result = await printer.job(jobIdOf(attempt));
      // Only the printer itself says that its tray is empty; the job just takes longer.
      const status = result.ok && !isEnded(attempt.state) ? await printer.status() : undefined;
      return status?.ok ? { type: 'job', result, printer: status.value } : { type: 'job', result };
    }
    case 'cancel-job':
      return { type: 'canceled', result: await printer.cancelJob(effect.jobId) };
    case 'load-document':
      throw new Error('not an effect on a printer');
  }
}

function jobIdOf(attempt: PrintAttempt): number {
  if (attempt.jobId === undefined) throw new Error(`attempt ${attempt.attemptId} has no job in ${attempt.state}`);
  return attempt.jobId;
}

/** Whether ended attempts have left nothing on the printer. */
async function clearLeftovers({ printerId, printer }: PrinterHandle, journal: PrintJournal): Promise<boolean> {
  for (const attempt of journal.orphans(printerId)) {
    // That a cancel was taken does not say that the job has ended.
    const isGone = (await isCleared(printer, attempt)) || (await isCleared(printer, attempt));
    if (!isGone) return false;
    journal.save({ ...attempt, orphan: false });
  }
  return true;
}

/** Whether the printer has no job of an ended attempt any more. What it has is cancelled. */
async function isCleared(printer: PagePrinter, attempt: PrintAttempt): Promise<boolean> {
  const named = await printer.findJobs(attempt.attemptId);
  if (!named.ok) return false;
  // Not every printer keeps the name; one that keeps ids and UUIDs is asked for those.
  const same = attempt.jobId === undefined ? undefined : await printer.job(attempt.jobId);
  if (same && !same.ok && same.error.code !== 'E-PRN-0103') return false;
  const left = leftoversOf(attempt, [...named.value, ...(same?.ok ? [same.value] : [])]);
  for (const jobId of new Set(left.map((job) => job.jobId))) await printer.cancelJob(jobId);
  return left.length === 0;
}
