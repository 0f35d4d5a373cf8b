import { z } from 'zod';
import { type CapabilityOf, bytes, defineCapability } from './declare.ts';

/** Job states of RFC 8011, 5.3.7. */
const jobState = z.enum(['pending', 'held', 'processing', 'stopped', 'canceled', 'aborted', 'completed']);
const texts = z.array(z.string()).readonly();

const printerStatus = z.object({
  /** RFC 8011, 5.4.11. */
  state: z.enum(['idle', 'processing', 'stopped']),
  acceptingJobs: z.boolean(),
  /** printer-state-reasons without their severity suffix (`-report`, `-warning`, `-error`). */
  reasons: texts,
  /** Identifies the printer for good; job ids alone repeat after a restart. */
  printerUuid: z.string(),
  /** Seconds since the printer's start; running backwards means that it restarted. */
  upTimeSeconds: z.number(),
  mediaReady: texts,
  /** Everything that it may be loaded with; absent where the printer does not say. */
  mediaSupported: texts.exactOptional(),
  formats: texts,
  sides: texts,
  /** operations-supported: numbers of RFC 8011, 5.4.15. */
  operations: z.array(z.number()).readonly().exactOptional(),
  /** What a page image must be like (PWG 5102.4); absent where the printer does not say. */
  raster: z
    .object({ types: texts, dpi: z.array(z.number()).readonly() })
    .readonly()
    .exactOptional(),
  /** The most copies that one job may ask for; absent where the printer does not say. */
  copiesMax: z.number().exactOptional(),
  /** printer-state-message: for the operator. */
  message: z.string().exactOptional(),
  /** Marker names and levels in percent; -1 unknown. */
  markers: z.array(z.object({ name: z.string(), level: z.number() }).readonly()).readonly(),
});

const jobStatus = z.object({
  jobId: z.number(),
  jobUri: z.string(),
  jobUuid: z.string(),
  name: z.string(),
  state: jobState,
  reasons: texts,
  message: z.string().exactOptional(),
  /** Sheets' sides that came out, where the printer counts them. */
  impressionsCompleted: z.number().exactOptional(),
  /** Sheets that came out, where the printer counts them. */
  sheetsCompleted: z.number().exactOptional(),
  /** The printer's up-time when it answered (job-printer-up-time); running backwards means that it restarted. */
  printerUpTimeSeconds: z.number().exactOptional(),
});

const newJob = z.object({
  /** The attempt's UUID: it is what a panel shows, so it holds no personal data. */
  name: z.string(),
  copies: z.number(),
  duplex: z.boolean(),
});

/**
 * A printer of A4 pages, step by step (Create-Job, then Send-Document, RFC 8011), so that whoever drives it can commit
 * between any two steps. Nothing here retries: a repeated step is a decision.
 *
 * Errors: `E-PRN-0101` cannot be reached, `E-PRN-0102` busy, `E-PRN-0103` does not know the job, `E-PRN-0104` refused,
 * `E-PRN-0105` answered nonsense, `E-PRN-0106` the upload broke off (bytes may have arrived).
 */
export const pagePrinterShape = defineCapability({
  calls: {
    status: { args: z.tuple([]), result: printerStatus },
    createJob: { args: z.tuple([newJob]), result: jobStatus },
    sendDocument: {
      args: z.tuple([z.number(), bytes, z.enum(['application/pdf', 'image/pwg-raster'])]),
      result: jobStatus,
    },
    job: { args: z.tuple([z.number()]), result: jobStatus },
    /** Jobs of this client that are known to the printer, finished ones included, by job name. */
    findJobs: { args: z.tuple([z.string()]), result: z.array(jobStatus).readonly() },
    cancelJob: { args: z.tuple([z.number()]), result: z.void() },
  },
});

export type JobState = z.output<typeof jobState>;
export type PrinterStatus = Readonly<z.output<typeof printerStatus>>;
export type JobStatus = Readonly<z.output<typeof jobStatus>>;
export type NewJob = Readonly<z.output<typeof newJob>>;
export type PagePrinter = CapabilityOf<typeof pagePrinterShape>;
