import type { Code, EpochMs } from '@hallhub/sync/base';

/**
 * Where a print attempt stands. Each is committed before the network effect that belongs to it.
 * `searching`, `withdrawing` and `winding-down` are what recovery does; people see them as "checking".
 */
export type AttemptState =
  | 'queued'
  | 'reserved'
  | 'searching'
  | 'created'
  | 'withdrawing'
  | 'sending'
  | 'sent'
  | 'winding-down'
  | 'printed'
  | 'not-printed'
  | 'uncertain';

/** One try to put `copies` of a document on one printer. Holds no personal data. */
export interface PrintAttempt {
  /** UUID; also the job's name on the printer. */
  readonly attemptId: string;
  readonly certificateId: string;
  readonly printerId: string;
  readonly documentSha256: string;
  readonly pages: number;
  readonly copies: number;
  readonly state: AttemptState;
  readonly requestedAt: EpochMs;
  readonly changedAt: EpochMs;
  /** After this instant no byte of the document leaves any more. */
  readonly startBy: EpochMs;
  readonly code?: Code;
}
