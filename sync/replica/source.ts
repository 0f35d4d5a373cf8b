import type { EpochMs, Result } from '../base/index.ts';
import type { LinkFailure } from '../link/index.ts';

/** A page of raw changes, oldest first. Each is checked one by one, so that one odd change does not spoil the page. */
export interface ChangePage {
  readonly changes: readonly unknown[];
  /** Where to go on. */
  readonly next: string;
  /** Nothing stood behind this page when it was read. */
  readonly upToDate: boolean;
  /** The source's wall time when it answered. */
  readonly sourceTime: EpochMs;
}

export interface ImagePage {
  readonly changes: readonly unknown[];
  readonly asOf: EpochMs;
  /** Token of the next page; null on the last. */
  readonly next: string | null;
  readonly cursor: string;
  readonly revocationsCursor: string;
  readonly sourceTime: EpochMs;
}

export interface SourceDigest {
  readonly asOf: EpochMs;
  /** 256 values, see `sync/contract/digest.ts`. */
  readonly buckets: readonly string[];
}

export interface RecordRef {
  readonly id: string;
  readonly revision: number;
}

export interface PullOptions {
  readonly cursor: string;
  readonly limit: number;
  /** How long the source may hold the answer while there is nothing new. 0: answer at once. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Where changes come from: a hall over HTTP, a hub over MQTT, a file. An implementation authenticates and verifies
 * (transport, token, page signature); what it returns is trusted. It never throws for what the other end does.
 */
export interface FeedSource {
  pull(options: PullOptions): Promise<Result<ChangePage, LinkFailure>>;
  /** The fast lane: revocations only. */
  pullRevocations(options: PullOptions): Promise<Result<ChangePage, LinkFailure>>;
  /** A page of the complete image; without `token` the first. */
  image(options: {
    readonly token?: string;
    readonly limit: number;
    readonly signal: AbortSignal;
  }): Promise<Result<ImagePage, LinkFailure>>;
  digest(options: { readonly signal: AbortSignal }): Promise<Result<SourceDigest, LinkFailure>>;
  bucket(options: {
    readonly bucket: number;
    readonly asOf: EpochMs;
    readonly signal: AbortSignal;
  }): Promise<Result<readonly RecordRef[], LinkFailure>>;
  /** At most 200 ids a call. */
  records(options: {
    readonly ids: readonly string[];
    readonly signal: AbortSignal;
  }): Promise<Result<{ readonly changes: readonly unknown[]; readonly absent: readonly string[] }, LinkFailure>>;
}
