import type { Clock, EpochMs, Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import { bucketOf, digestBuilder } from '../contract/index.ts';
import type { LinkFailure } from '../link/index.ts';
import type { ReplicaCore } from './core.ts';
import type { DigestReport } from './replica.ts';
import type { FeedSource, RecordRef } from './source.ts';
import type { ReplicaRecord, ReplicaStore } from './store.ts';

const fetchSize = 200;
const walkSize = 1_000;

export interface VerifyDependencies {
  readonly source: FeedSource;
  readonly store: ReplicaStore;
  readonly clock: Clock;
  readonly core: ReplicaCore;
}

/**
 * Compares the set with the source's digest, drills into the buckets that differ, fetches what is missing or older here,
 * and revokes what the source says that it does not hold. Runs beside the feed: whatever it fetches is applied by
 * revision like any other change, so an overlap does no harm.
 */
export async function verifySet(
  { source, store, clock, core }: VerifyDependencies,
  signal: AbortSignal,
): Promise<Result<DigestReport, LinkFailure>> {
  const digest = await source.digest({ signal });
  if (!digest.ok) return digest;
  const { asOf, buckets } = digest.value;

  const ours = digestBuilder();
  await walk(store, asOf, (record) => ours.add(record));
  const values = ours.values();
  const differing = new Map<number, Map<string, number>>();
  buckets.forEach((theirs, bucket) => {
    if (theirs !== values[bucket]) differing.set(bucket, new Map());
  });

  let sourceBehind = 0;
  const toFetch: string[] = [];
  for (const [bucket, theirs] of differing) {
    const listed = await source.bucket({ bucket, asOf, signal });
    if (!listed.ok) return listed;
    for (const { id, revision } of listed.value) {
      theirs.set(id, revision);
      const held = store.record(id);
      if (held && held.revision > revision) sourceBehind += 1;
      else if (held?.revision !== revision || held.op !== 'upsert') toFetch.push(id);
    }
  }
  if (differing.size > 0) {
    await walk(store, asOf, ({ id }) => {
      if (differing.get(bucketOf(id))?.has(id) === false) toFetch.push(id);
    });
  }

  let repaired = 0;
  let revoked = 0;
  for (let start = 0; start < toFetch.length; start += fetchSize) {
    const ids = toFetch.slice(start, start + fetchSize);
    // Taken before asking: what the feed brings meanwhile is newer than the answer and must not be revoked by it.
    const before = new Map(ids.map((id) => [id, store.record(id)]));
    const fetched = await source.records({ ids, signal });
    if (!fetched.ok) return fetched;
    const absent = fetched.value.absent
      .map((id) => before.get(id))
      .filter((held): held is ReplicaRecord => held?.op === 'upsert' && unchanged(store.record(held.id), held));
    core.repair(fetched.value.changes, absent);
    repaired += fetched.value.changes.length;
    revoked += absent.length;
  }
  return ok({
    inStep: differing.size === 0,
    bucketsDiffering: differing.size,
    repaired,
    revoked,
    sourceBehind,
    at: clock.now(),
  });
}

/** Visits every live record, letting other work run between stretches. */
async function walk(store: ReplicaStore, asOf: EpochMs, visit: (record: RecordRef) => void): Promise<void> {
  let afterId = '';
  for (;;) {
    const records = store.live({ afterId, asOf, limit: walkSize });
    records.forEach(visit);
    const last = records.at(-1);
    if (!last || records.length < walkSize) return;
    afterId = last.id;
    await breathe();
  }
}

const unchanged = (now: ReplicaRecord | undefined, before: ReplicaRecord): boolean =>
  now?.revision === before.revision && now.op === before.op;

/** Lets other work run between two stretches of hashing. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
