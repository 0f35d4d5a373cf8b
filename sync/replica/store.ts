import type { EpochMs, Failure } from '../base/index.ts';
import type { RecordRef } from './source.ts';

/** How far this replica has come; one row, written in the transaction of the changes that it stands for. */
export interface ReplicaPosition {
  /** null: a complete image must be loaded first. */
  readonly cursor: string | null;
  readonly revocationsCursor: string | null;
  /** A complete image being loaded, so that a restart goes on where it was. */
  readonly image: ImageProgress | null;
  /** Number of the newest image begun; 0 before the first. */
  readonly generation: number;
  /** This machine's wall time at the last answer that said "nothing stands behind this"; null: never. */
  readonly freshAt: EpochMs | null;
}

export interface ImageProgress {
  /** `sweeping`: every page is in; what the image did not hold is being revoked. */
  readonly stage: 'loading' | 'sweeping';
  /** null: the first page has not been read. */
  readonly token: string | null;
  readonly asOf: EpochMs | null;
  readonly cursor: string | null;
  readonly revocationsCursor: string | null;
}

/**
 * How firmly a stored revision stands.
 * - `applied`: projected. Only a higher revision replaces it.
 * - `inferred`: revoked here because a complete image or a repair did not hold it
 * - `ignored`: of a kind that this program does not know
 * - `quarantined`: could not be applied
 * The last three also give way to the same revision told again.
 */
export type Standing = 'applied' | 'inferred' | 'ignored' | 'quarantined';

export interface ReplicaRecord extends RecordRef {
  readonly kind: string;
  readonly op: 'upsert' | 'revoke';
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
  readonly committedAt: EpochMs;
  readonly standing: Standing;
}

/** A change that could not be applied, kept with its error until it is retried, replaced or discarded. */
export interface Quarantined {
  readonly key: number;
  /** Empty when not even the id could be read. */
  readonly id: string;
  readonly kind: string;
  readonly revision: number;
  readonly failure: Failure;
  readonly attempts: number;
  readonly firstAt: EpochMs;
  readonly lastAt: EpochMs;
}

/**
 * Where a replica keeps its place. It holds no request data: that is the projection's business (sealed, in the domain's
 * own tables); only a quarantined change is kept whole, and the store seals it.
 *
 * Everything is synchronous so that the projection can write in the same transaction.
 */
export interface ReplicaStore {
  /** One atomic, durable transaction. A throw rolls everything back and passes on. */
  transaction<T>(work: () => T): T;
  /** Inside a transaction: a throw rolls back to here only, and passes on. */
  savepoint<T>(work: () => T): T;
  /** Whether an error thrown within a transaction is the store's own trouble (disk full, I/O), no change's fault. */
  isOwnTrouble(error: unknown): boolean;

  position(): ReplicaPosition;
  setPosition(position: ReplicaPosition): void;

  record(id: string): ReplicaRecord | undefined;
  /**
   * Stores `record` when it is newer than what is held (see {@link Standing}) and says whether it was. `generation` is
   * the newest image begun, 0 for a change that is no news of the source; it never moves back.
   */
  accept(record: ReplicaRecord, generation: number): boolean;
  /** Marks a record that was not newer as held by image `generation`. */
  seen(id: string, generation: number): void;
  /** Turns a live record into a revoked one at its own revision, standing `inferred`. */
  infer(id: string): void;
  /** Up to `limit` live records with `validUntil > asOf` that image `generation` has not seen. */
  unseen(generation: number, asOf: EpochMs, limit: number): readonly ReplicaRecord[];
  /** Live records with `validUntil > asOf`, sorted by the UTF-8 bytes of the id. */
  live(options: { readonly afterId: string; readonly asOf: EpochMs; readonly limit: number }): readonly RecordRef[];
  /** Ids of live records that stand `ignored` although `knows` their kind: to be fetched by a newer program. */
  ignored(knows: (kind: string) => boolean): readonly string[];
  /** How many records are held; walks the table, so not for every tick. */
  counts(): { readonly live: number; readonly revoked: number };

  /** Adds or renews; one entry for each id (a change without an id gets one of its own for each distinct content). */
  quarantine(entry: {
    readonly id: string;
    readonly kind: string;
    readonly revision: number;
    readonly failure: Failure;
    readonly raw: string;
    readonly at: EpochMs;
  }): void;
  quarantineSize(): number;
  quarantined(limit: number): readonly Quarantined[];
  /** The change of one entry, unsealed. */
  quarantinedChange(key: number): { readonly entry: Quarantined; readonly raw: string } | undefined;
  /** Drops the entry of `id` when the id now stands at `revision` or beyond. */
  release(id: string, revision: number): void;
  discard(key: number): void;
}
