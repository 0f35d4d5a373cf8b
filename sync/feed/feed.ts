import type { Clock, DurationMs, EpochMs, Result } from '../base/index.ts';
import { epochMs, failure, ok } from '../base/index.ts';
import type { Change } from '../contract/index.ts';
import { digestBuilder } from '../contract/index.ts';
import { decodeCursor, decodeToken, encodeCursor, encodeToken } from './cursor.ts';
import type { FeedLog, Lane } from './log.ts';

export interface FeedRead {
  readonly changes: readonly Change[];
  readonly next: string;
  readonly upToDate: boolean;
}

export interface FeedImage {
  readonly changes: readonly Change[];
  readonly asOf: EpochMs;
  readonly next: string | null;
  readonly cursor: string;
  readonly revocationsCursor: string;
}

/** The serving side of the mechanism: what a hall offers to hubs, and a hub to its agents. */
export interface Feed {
  /**
   * Changes after `cursor`, oldest first; waits up to `wait` while there are none. Fails with `E-SYNC-0109` when the
   * cursor is too old, of another incarnation, or not a cursor.
   */
  pull(options: {
    readonly lane: Lane;
    readonly cursor: string;
    readonly limit: number;
    readonly wait: DurationMs;
    readonly signal: AbortSignal;
  }): Promise<Result<FeedRead>>;
  /** A page of the complete image. Fails with `E-SYNC-0109` when the token is none of this incarnation. */
  image(options: { readonly token?: string; readonly limit: number }): Result<FeedImage>;
  digest(): { readonly asOf: EpochMs; readonly buckets: readonly string[] };
  bucket(bucket: number, asOf: EpochMs): readonly { readonly id: string; readonly revision: number }[];
  records(ids: readonly string[]): { readonly changes: readonly Change[]; readonly absent: readonly string[] };
  /** Tells those who wait that something was committed. */
  notify(): void;
  /** How many wait. */
  readonly waiting: number;
}

export function createFeed({ log, clock }: { readonly log: FeedLog; readonly clock: Clock }): Feed {
  const waiters = new Set<() => void>();

  const read = (lane: Lane, after: number, limit: number): FeedRead => {
    const entries = log.read({ lane, after, limit: limit + 1 });
    const page = entries.slice(0, limit);
    const upToDate = entries.length <= limit;
    // At the end of the lane the cursor moves to the head, so that it does not age while its lane is quiet.
    const position = upToDate ? Math.max(after, log.head()) : (page.at(-1)?.position ?? after);
    return { changes: page.map(({ change }) => change), next: encodeCursor(log.incarnation(), position), upToDate };
  };

  const somethingNew = (wait: DurationMs, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        waiters.delete(done);
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = clock.after(wait, done);
      waiters.add(done);
      signal.addEventListener('abort', done, { once: true });
    });

  return {
    pull: async ({ lane, cursor, limit, wait, signal }) => {
      const after = decodeCursor(log.incarnation(), cursor);
      if (after === undefined || after < log.horizon() || after > log.head()) return failure('E-SYNC-0109');
      const deadline = clock.monotonic() + wait;
      for (;;) {
        const page = read(lane, after, limit);
        const left = deadline - clock.monotonic();
        if (page.changes.length > 0 || left <= 0 || signal.aborted) return ok(page);
        await somethingNew(left as DurationMs, signal);
      }
    },
    image: ({ token, limit }) => {
      const incarnation = log.incarnation();
      const first = { after: '', asOf: clock.now(), at: log.head() };
      const place = token === undefined ? first : decodeToken(incarnation, token);
      // Tombstones dropped since the image began would be missed by both the image and the tail.
      if (!place || place.at < log.horizon()) return failure('E-SYNC-0109');
      const asOf = epochMs(place.asOf);
      const changes = log.live({ afterId: place.after, asOf, limit });
      const last = changes.at(-1);
      const next = changes.length < limit || !last ? null : encodeToken(incarnation, { ...place, after: last.id });
      const cursor = encodeCursor(incarnation, place.at);
      return ok({ changes, asOf, next, cursor, revocationsCursor: cursor });
    },
    digest: () => {
      const asOf = clock.now();
      const digest = digestBuilder();
      let afterId = '';
      for (;;) {
        const refs = log.refs({ afterId, asOf, limit: 1_000 });
        for (const record of refs) digest.add(record);
        const last = refs.at(-1);
        if (!last || refs.length < 1_000) return { asOf, buckets: digest.values() };
        afterId = last.id;
      }
    },
    bucket: (bucket, asOf) => log.bucket({ bucket, asOf }),
    records: (ids) => {
      const found = ids.map((id) => ({ id, change: log.byId(id) }));
      return {
        changes: found.flatMap(({ change }) => (change ? [change] : [])),
        absent: found.filter(({ change }) => !change).map(({ id }) => id),
      };
    },
    notify: () => {
      for (const waiter of [...waiters]) waiter();
    },
    get waiting() {
      return waiters.size;
    },
  };
}
