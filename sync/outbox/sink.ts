import type { EpochMs, Result } from '../base/index.ts';
import type { CloudEvent, EventAnswer } from '../contract/index.ts';
import type { LinkFailure } from '../link/index.ts';

export interface SinkAnswers {
  readonly answers: readonly EventAnswer[];
  /** Every event of this sender and epoch up to here has been dealt with. */
  readonly highestContiguous: number;
  readonly sinkTime: EpochMs;
}

/** Where events go. Never throws for what the other end does. */
export interface OutcomeSink {
  /** Sends in order. An event without an answer was not dealt with. */
  send(options: {
    readonly events: readonly CloudEvent[];
    readonly signal: AbortSignal;
  }): Promise<Result<SinkAnswers, LinkFailure>>;
  /** How far the other end has come, and which events after `after` it rejected: asked when an answer was lost. */
  position(options: {
    readonly after: number;
    readonly signal: AbortSignal;
  }): Promise<Result<SinkAnswers, LinkFailure>>;
  /** Uploads a file; repeating it changes nothing. */
  putAttachment(options: {
    readonly sha256: string;
    readonly mediaType: string;
    readonly bytes: Uint8Array;
    readonly signal: AbortSignal;
  }): Promise<Result<void, LinkFailure>>;
}
