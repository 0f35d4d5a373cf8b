import type { EpochMs } from '../base/index.ts';
import type { Change } from '../contract/index.ts';

export interface LogEntry {
  /** Grows with every committed change; no two are equal. */
  readonly position: number;
  readonly change: Change;
}

export type Lane = 'feed' | 'revocations';

/**
 * What a feed is read from: an ordered log of the newest revision of each request. It may be compacted (only the newest
 * revision of a request is kept, at its newest position) and old tombstones may be dropped, which moves `horizon`.
 */
export interface FeedLog {
  /** Changes whenever positions lose their meaning (the log was restored or rebuilt); part of every cursor. */
  incarnation(): string;
  /** Position of the newest change; 0 when there is none. */
  head(): number;
  /** A reader that stands before this position may have missed a dropped tombstone. */
  horizon(): number;
  read(options: { readonly lane: Lane; readonly after: number; readonly limit: number }): readonly LogEntry[];
  /** Live requests with `validUntil > asOf`, by id. */
  live(options: { readonly afterId: string; readonly asOf: EpochMs; readonly limit: number }): readonly Change[];
  /** The same, ids and revisions only, sorted by the UTF-8 bytes of the id. */
  refs(options: {
    readonly afterId: string;
    readonly asOf: EpochMs;
    readonly limit: number;
  }): readonly { readonly id: string; readonly revision: number }[];
  /** The same of one digest bucket, sorted by the UTF-8 bytes of the id. */
  bucket(options: {
    readonly bucket: number;
    readonly asOf: EpochMs;
  }): readonly { readonly id: string; readonly revision: number }[];
  /** Newest revision, live or revoked. */
  byId(id: string): Change | undefined;
}
