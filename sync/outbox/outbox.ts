import type { Cancel, Clock, DurationMs, EpochMs, RandomBytes } from '../base/index.ts';
import type { EventAnswer, EventData, EventType } from '../contract/index.ts';
import type { LinkState } from '../link/index.ts';
import type { OutcomeSink } from './sink.ts';
import type { DeadLetter, NewAttachment, OutboxCounts, OutboxStore } from './store.ts';

export interface NewEvent<E extends EventType = EventType> {
  readonly type: E;
  /** The request id; events of one subject are delivered in the order of their appending. */
  readonly subject: string;
  readonly data: EventData<E>;
  /** When it happened; default: now. */
  readonly time?: EpochMs;
  /** Files that `data.attachments` names. */
  readonly files?: readonly NewAttachment[];
}

export interface OutboxOptions {
  readonly sink: OutcomeSink;
  readonly store: OutboxStore;
  /** This sender's id; the CloudEvents `source` is `/hubs/{hub}`. */
  readonly hub: string;
  readonly epoch: number;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Inside the transaction that settles an event: what the receiver said. Must only write to that database. */
  readonly answered?: (event: { readonly id: string; readonly answer: EventAnswer }) => void;
  /**
   * The store turns out to have been put back to an older state. Makes this another sender, so that what is new does not pass
   * for what the receiver has had: a name that it has not heard, and a higher epoch adopted by the store.
   */
  readonly renew?: () => void;
  /** A throw that no code expects (a bug, a full disk): for the log. The loop reports it and tries again with back-off. */
  readonly fault?: (error: unknown) => void;
  readonly tuning?: Partial<OutboxTuning>;
}

export interface OutboxTuning {
  /** Events a batch. Default 100. */
  readonly batchSize: number;
  /** First back-off and its ceiling, before jitter. Defaults 500 ms and 60 s. */
  readonly backoffFirst: DurationMs;
  readonly backoffMax: DurationMs;
}

export interface OutboxStatus extends OutboxCounts {
  readonly link: LinkState;
}

/** Events on their way up: written in the transaction that made them true, kept until acknowledged, never expired. */
export interface Outbox {
  /**
   * Appends within the caller's transaction and returns the event's id (UUIDv7). The sending starts by itself once the
   * transaction has committed. Throws when `data` is not what the type prescribes: that is a bug of the caller.
   */
  append<E extends EventType>(event: NewEvent<E>): string;
  start(): void;
  stop(): Promise<void>;
  /** Cuts short a back-off. */
  wake(): void;
  status(): OutboxStatus;
  subscribe(listener: (status: OutboxStatus) => void): Cancel;
  deadLetters(limit?: number): readonly DeadLetter[];
  /** Sends a dead letter again, after everything that waits now. False: no such dead letter. */
  retry(id: string): boolean;
  discard(id: string): boolean;
}
