import type { EpochMs } from '../base/index.ts';
import type { Revoke } from '../contract/index.ts';
import type { ApplyDependencies } from './apply.ts';
import { applyChanges, revokeAbsent } from './apply.ts';
import { createFreshness } from './freshness.ts';
import type { Freshness } from './freshness.ts';
import type { ReplicaOptions } from './replica.ts';
import type { ChangePage, ImagePage } from './source.ts';
import type { ImageProgress, ReplicaPosition, ReplicaRecord } from './store.ts';

/** How often at least the freshness is written down while nothing else is. */
const freshnessWrittenEvery = 30_000;
const sweepSize = 500;

/**
 * What both loops and the repair share: the position, and the one way in which each kind of answer changes it. Every
 * method is one transaction.
 */
export interface ReplicaCore {
  readonly position: ReplicaPosition;
  readonly freshness: Freshness;
  /** committedAt of the newest change applied. */
  readonly newestCommit: EpochMs | undefined;
  /** A page of one of the two lanes. Confirms freshness only while the set is whole. */
  page(lane: 'feed' | 'revocations', page: ChangePage): void;
  beginImage(): void;
  imagePage(page: ImagePage): void;
  /** Revokes some of what the image did not hold; false: done, the feed goes on. */
  sweep(): boolean;
  forgetRevocationsCursor(): void;
  /** Changes fetched one by one, and records that the source does not hold. */
  repair(changes: readonly unknown[], absent: readonly ReplicaRecord[]): void;
  /** A change that lay in quarantine. It says nothing of what the source holds now: no image counts it as seen. */
  again(change: unknown): void;
}

export function createCore<C>(options: ReplicaOptions<C>): ReplicaCore {
  const { store, clock } = options;
  const deps: ApplyDependencies<C> = options;
  let position = store.position();
  let newestCommit: EpochMs | undefined;
  const freshness = createFreshness(clock, position.freshAt);

  const applied = (changes: readonly (C | Revoke)[]): void => {
    if (changes.length > 0) options.applied?.(changes);
  };
  const move = (next: ReplicaPosition): (() => void) => {
    return () => store.setPosition(next);
  };
  const moveNow = (next: ReplicaPosition): void => {
    store.transaction(move(next));
    position = next;
  };
  const noteCommits = (raws: readonly unknown[]): void => {
    const last = raws.at(-1);
    const at =
      typeof last === 'object' && last !== null && 'committedAt' in last && typeof last.committedAt === 'string'
        ? Date.parse(last.committedAt)
        : NaN;
    if (!Number.isNaN(at)) newestCommit = at as EpochMs;
  };

  return {
    get position() {
      return position;
    },
    get newestCommit() {
      return newestCommit;
    },
    freshness,

    page: (lane, page) => {
      const now = clock.now();
      // While an image is loading, its cursor says nothing of what was revoked before it and is not yet swept here.
      const whole = position.cursor !== null && position.image === null;
      const confirms = page.upToDate && whole;
      const next: ReplicaPosition = {
        ...position,
        ...(lane === 'feed' ? { cursor: page.next } : { revocationsCursor: page.next }),
        freshAt: confirms ? now : position.freshAt,
      };
      const moved = next.cursor !== position.cursor || next.revocationsCursor !== position.revocationsCursor;
      const writtenAgo = now - (position.freshAt ?? -Infinity);
      if (page.changes.length > 0) {
        const { generation } = position;
        const changes = applyChanges(deps, page.changes, { generation, image: false, commit: move(next) });
        position = next;
        noteCommits(page.changes);
        applied(changes);
      } else if (moved || (confirms && (writtenAgo > freshnessWrittenEvery || writtenAgo < 0))) moveNow(next);
      if (confirms) freshness.confirmed(page.sourceTime);
      else freshness.heard(page.sourceTime);
    },

    beginImage: () => {
      const image: ImageProgress = { stage: 'loading', token: null, asOf: null, cursor: null, revocationsCursor: null };
      moveNow({ ...position, cursor: null, image, generation: position.generation + 1 });
    },
    imagePage: (page) => {
      const begun = position.image;
      const image: ImageProgress = {
        stage: page.next === null ? 'sweeping' : 'loading',
        token: page.next,
        asOf: begun?.asOf ?? page.asOf,
        // The cursor of the first page: it was taken before anything was read.
        cursor: begun?.cursor ?? page.cursor,
        revocationsCursor: begun?.revocationsCursor ?? page.revocationsCursor,
      };
      const next = { ...position, image, revocationsCursor: position.revocationsCursor ?? image.revocationsCursor };
      const { generation } = position;
      const changes = applyChanges(deps, page.changes, { generation, image: true, commit: move(next) });
      position = next;
      freshness.heard(page.sourceTime);
      noteCommits(page.changes);
      applied(changes);
    },
    sweep: () => {
      const { image, generation } = position;
      if (image?.stage !== 'sweeping' || image.asOf === null) throw new Error('no image waits to be swept');
      const asOf = image.asOf;
      const { changes, next } = store.transaction(() => {
        const absent = store.unseen(generation, asOf, sweepSize);
        const changes = revokeAbsent(deps, absent);
        const next = absent.length < sweepSize ? { ...position, cursor: image.cursor, image: null } : undefined;
        if (next) store.setPosition(next);
        return { changes, next };
      });
      if (next) position = next;
      applied(changes);
      return next === undefined;
    },
    forgetRevocationsCursor: () => moveNow({ ...position, revocationsCursor: null }),
    repair: (raws, absent) => {
      let revoked: readonly Revoke[] = [];
      const { generation } = position;
      const commit = (): void => {
        revoked = revokeAbsent(deps, absent);
      };
      const changes = applyChanges(deps, raws, { generation, image: false, commit });
      applied([...changes, ...revoked]);
    },
    again: (raw) => {
      applied(applyChanges(deps, [raw], { generation: 0, image: false, commit: () => undefined }));
    },
  };
}
