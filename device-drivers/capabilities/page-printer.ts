import type { Result } from '@hallhub/sync/base';

/** Job states of RFC 8011, 5.3.7. */
export type JobState = 'pending' | 'held' | 'processing' | 'stopped' | 'canceled' | 'aborted' | 'completed';

export interface PrinterStatus {
  /** RFC 8011, 5.4.11. */
  readonly state: 'idle' | 'processing' | 'stopped';
  readonly acceptingJobs: boolean;
  /** printer-state-reasons without their severity suffix (`-report`, `-warning`, `-error`). */
  readonly reasons: readonly string[];
  /** Identifies the printer for good; job ids alone repeat after a restart. */
  readonly printerUuid: string;
  /** Seconds since the printer's start; running backwards means that it restarted. */
  readonly upTimeSeconds: number;
  readonly mediaReady: readonly string[];
  readonly formats: readonly string[];
  readonly sides: readonly string[];
  /** The most copies that one job may ask for; undefined where the printer does not say. */
  readonly copiesMax?: number;
  /** printer-state-message: for the operator. */
  readonly message?: string;
  /** Marker names and levels in percent; -1 unknown. */
  readonly markers: readonly { readonly name: string; readonly level: number }[];
}

export interface JobStatus {
  readonly jobId: number;
  readonly jobUri: string;
  readonly jobUuid: string;
  readonly name: string;
  readonly state: JobState;
  readonly reasons: readonly string[];
  readonly message?: string;
  /** Sheets' sides that came out, where the printer counts them. */
  readonly impressionsCompleted?: number;
  /** Sheets that came out, where the printer counts them. */
  readonly sheetsCompleted?: number;
  /** The printer's up-time when it answered (job-printer-up-time); running backwards means that it restarted. */
  readonly printerUpTimeSeconds?: number;
}

export interface NewJob {
  /** The attempt's UUID: it is what a panel shows, so it holds no personal data. */
  readonly name: string;
  readonly copies: number;
  readonly duplex: boolean;
}

/**
 * A printer of A4 pages, step by step (Create-Job, then Send-Document, RFC 8011), so that whoever drives it can commit
 * between any two steps. Nothing here retries: a repeated step is a decision.
 *
 * Errors: `E-PRN-0101` cannot be reached, `E-PRN-0102` busy, `E-PRN-0103` does not know the job, `E-PRN-0104` refused,
 * `E-PRN-0105` answered nonsense, `E-PRN-0106` the upload broke off (bytes may have arrived).
 */
export interface PagePrinter {
  status(): Promise<Result<PrinterStatus>>;
  createJob(job: NewJob): Promise<Result<JobStatus>>;
  sendDocument(
    jobId: number,
    document: Uint8Array,
    format: 'application/pdf' | 'image/pwg-raster',
  ): Promise<Result<JobStatus>>;
  job(jobId: number): Promise<Result<JobStatus>>;
  /** Jobs of this client that are known to the printer, finished ones included, by job name. */
  findJobs(name: string): Promise<Result<readonly JobStatus[]>>;
  cancelJob(jobId: number): Promise<Result<void>>;
}
