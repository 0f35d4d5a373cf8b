import type { Cancel, Clock, DurationMs, EpochMs, RandomBytes, Result } from '../base/index.ts';
import type { KindReader, Revoke } from '../contract/index.ts';
import type { LinkFailure, LinkState } from '../link/index.ts';
import type { FeedSource } from './source.ts';
import type { Quarantined, ReplicaStore } from './store.ts';

/**
 * Writes one accepted change into a domain's tables, inside the replica's transaction. It must do nothing but write to
 * that database: it is run again when the page's transaction is rolled back. A throw or a failure puts this one change
 * into quarantine, undoes what it wrote, and the feed goes on.
 *
 * A `revoke` may name an id that was never seen.
 */
export type Project<C> = (change: C | Revoke) => Result<void> | undefined;

export interface ReplicaOptions<C> {
  readonly source: FeedSource;
  readonly store: ReplicaStore;
  readonly kinds: KindReader<C>;
  readonly project: Project<C>;
  /** After the commit, with the ids that changed: for live pages and for pushing to agents. A throw is a bug. */
  readonly applied?: (changes: readonly (C | Revoke)[]) => void;
  /** A throw that no code expects (a bug, a full disk): for the log. The loop reports it and tries again with back-off. */
  readonly fault?: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly tuning?: Partial<ReplicaTuning>;
}

export interface ReplicaTuning {
  /** Changes a page. Default 1000. */
  readonly pageSize: number;
  /** Long-poll wait. Default 25 s. */
  readonly wait: DurationMs;
  /** Pause after an empty answer that came at once (a source without long-poll). Default 2 s. */
  readonly idle: DurationMs;
  /** First back-off and its ceiling, before jitter. Defaults 500 ms and 60 s. */
  readonly backoffFirst: DurationMs;
  readonly backoffMax: DurationMs;
  /** How often the set is compared with the source's digest. Default 6 h; 0: never by itself. */
  readonly digestEvery: DurationMs;
}

/** What a comparison with the source's digest found and mended. */
export interface DigestReport {
  readonly inStep: boolean;
  readonly bucketsDiffering: number;
  /** Records fetched and applied. */
  readonly repaired: number;
  /** Records that the source does not hold and that are therefore revoked here. */
  readonly revoked: number;
  /** Records of which the source tells a lower revision than is held: the source went back in time; never followed. */
  readonly sourceBehind: number;
  readonly at: EpochMs;
}

export interface ReplicaStatus {
  readonly feed: LinkState;
  readonly revocations: LinkState;
  /** A complete image is being loaded. */
  readonly loadingImage: boolean;
  /** The last page said that nothing stood behind it. */
  readonly upToDate: boolean;
  /** Age of the newest commit applied at the time that it was applied; undefined before the first. */
  readonly lag?: DurationMs;
  /** See {@link Replica.staleness}. */
  readonly staleness: DurationMs;
  /** How many changes stand in quarantine. */
  readonly quarantined: number;
  readonly lastDigest?: DigestReport;
}

/** A local copy of a source's requests, kept up to date by two loops: the feed and the fast lane of revocations. */
export interface Replica {
  /** Idempotent; returns at once. */
  start(): void;
  /** Ends both loops after the transaction under way; safe to call twice. */
  stop(): Promise<void>;
  /** "Pull now": cuts short a back-off or idle pause (a webhook hint, a cable plugged in). */
  wake(): void;
  status(): ReplicaStatus;
  /** Called after every change of {@link status} that is worth showing. */
  subscribe(listener: (status: ReplicaStatus) => void): Cancel;
  /**
   * How long ago the source last confirmed that no revocation is missing here, by the monotonic clock (after a restart: by
   * the stored instant, and infinite when the wall clock went back). Infinity: never. Compare with `maxStaleness`.
   */
  staleness(): DurationMs;
  /** Source's wall time minus this machine's; 0 before the first answer. */
  clockOffset(): DurationMs;
  /** Compares the set with the source's digest and mends what differs. */
  verify(): Promise<Result<DigestReport, LinkFailure>>;
  /** How many records are held, live ones and tombstones; walks the table. */
  counts(): { readonly live: number; readonly revoked: number };
  quarantined(limit?: number): readonly Quarantined[];
  /** Applies a quarantined change again. */
  retry(key: number): Result<void>;
  /** Drops a quarantined change; its request stays as it is until a newer revision comes. */
  discard(key: number): void;
}
