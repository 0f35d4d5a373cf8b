import type { EpochMs } from '../base/index.ts';

/** An event as it waits; `data` is JSON text, sealed at rest by the store. */
export interface OutboxEvent {
  readonly sequence: number;
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly time: EpochMs;
  readonly data: string;
  readonly attempts: number;
  /** SHA-256 of files to upload before the event is sent. */
  readonly attachments: readonly string[];
}

export interface DeadLetter {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly time: EpochMs;
  /** The receiver's word and sentence. */
  readonly code: string;
  readonly reason: string;
  readonly rejectedAt: EpochMs;
}

export interface OutboxCounts {
  readonly pending: number;
  readonly deadLetters: number;
  /** When the oldest pending event happened. */
  readonly oldest: EpochMs | null;
}

export interface NewAttachment {
  readonly sha256: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Where events wait until they are acknowledged. Synchronous, so that `append` joins the caller's transaction. */
export interface OutboxStore {
  transaction<T>(work: () => T): T;
  /**
   * Adopts `epoch`. A higher one than before begins a new sequence: what still waits is numbered from 1, in order.
   * A lower one throws: the caller's epoch is out of date.
   */
  adopt(epoch: number): void;
  /** Numbers and stores an event; joins the transaction under way. */
  append(event: Omit<OutboxEvent, 'sequence' | 'attempts'>, files: readonly NewAttachment[]): number;
  /** Events that may be sent at `now`, oldest first: due, and no earlier event of their subject waits for its turn. */
  due(now: EpochMs, limit: number): readonly OutboxEvent[];
  /** When the next event that waits for its turn becomes due, after `now`; null: none waits. */
  nextDue(now: EpochMs): EpochMs | null;
  /** The lowest sequence that still waits; null: none. */
  lowest(): number | null;
  /** Ids of waiting events that have been sent before and have `sequence <= through`, oldest first. */
  sentThrough(through: number): readonly string[];
  /**
   * Whether the other end has counted, up to `highest`, numbers that nothing here was ever sent with: this store was put back
   * to an older state, and would use them a second time.
   */
  isOvertaken(highest: number): boolean;
  /** Counts an attempt; committed before the events leave. */
  sending(ids: readonly string[]): void;
  attachment(sha256: string): NewAttachment | undefined;
  /** Removes an acknowledged event and the files that no other event needs. False: it was not waiting. */
  acknowledge(id: string): boolean;
  /** Moves a rejected event to the dead letters. False: it was not waiting. */
  bury(id: string, why: { readonly code: string; readonly reason: string; readonly at: EpochMs }): boolean;
  /** Lets the event, and with it its subject, wait until `at`. */
  postpone(id: string, at: EpochMs): void;
  /** Makes every waiting event due now. */
  hasten(): void;
  deadLetters(limit: number): readonly DeadLetter[];
  /** Puts a dead letter back at the end of the sequence, with its old id. False: no such dead letter. */
  revive(id: string): boolean;
  discard(id: string): boolean;
  counts(): OutboxCounts;
}
