import type { Clock, Failure, Result } from '../base/index.ts';
import { FailureError, epochMs, iso } from '../base/index.ts';
import { changeSchema, whereWrong } from '../contract/index.ts';
import type { Change, KindReader, Revoke } from '../contract/index.ts';
import { describeFault } from '../link/index.ts';
import type { Project } from './replica.ts';
import type { ReplicaRecord, ReplicaStore, Standing } from './store.ts';

export interface ApplyDependencies<C> {
  readonly store: ReplicaStore;
  readonly kinds: KindReader<C>;
  readonly project: Project<C>;
  readonly clock: Clock;
}

export interface ApplyOptions {
  readonly generation: number;
  /** The changes are a page of image `generation`: what is not newer is marked as held by it. */
  readonly image: boolean;
  /** Runs last in the same transaction: moves the position. */
  readonly commit: () => void;
}

/** One change, read once, before any transaction. */
type Prepared<C> =
  | { readonly status: 'accepted'; readonly raw: unknown; readonly record: ReplicaRecord; readonly change: C | Revoke }
  | { readonly status: 'ignored'; readonly record: ReplicaRecord }
  | {
      readonly status: 'poison';
      readonly raw: unknown;
      readonly id: string;
      /** Absent when not even the envelope could be read. */
      readonly record: ReplicaRecord | undefined;
      readonly failure: Failure;
    };

/** Says that a projection refused, so that the page is begun again with a savepoint around each change. */
class ProjectionRefused extends Error {
  override readonly name = 'ProjectionRefused';
}

/**
 * Applies a page in one transaction and returns what was newly projected.
 *
 * The fast way has no savepoints: a projection that refuses is rare. When one does, the whole page is rolled back and
 * applied again the careful way, one savepoint a change, and only the refused change goes into quarantine.
 */
export function applyChanges<C>(
  deps: ApplyDependencies<C>,
  raws: readonly unknown[],
  options: ApplyOptions,
): readonly (C | Revoke)[] {
  const prepared = raws.map((raw) => prepare(deps.kinds, raw));
  const run = (careful: boolean): readonly (C | Revoke)[] =>
    deps.store.transaction(() => {
      const applied: (C | Revoke)[] = [];
      const quarantineInUse = careful || deps.store.quarantineSize() > 0;
      for (const item of prepared) applyOne(deps, item, options, { careful, quarantineInUse, applied });
      options.commit();
      return applied;
    });
  try {
    return run(false);
  } catch (error) {
    if (!(error instanceof ProjectionRefused)) throw error;
    return run(true);
  }
}

function prepare<C>(kinds: KindReader<C>, raw: unknown): Prepared<C> {
  const envelope = changeSchema.safeParse(raw);
  if (!envelope.success) {
    const failure: Failure = { code: 'E-SYNC-0203', detail: whereWrong(envelope.error) };
    return { status: 'poison', raw, id: idOf(raw), record: undefined, failure };
  }
  const change = envelope.data;
  const reading = kinds.read(change);
  if (reading.status === 'accepted') {
    return { status: 'accepted', raw, record: recordOf(change, 'applied'), change: reading.change };
  }
  if (reading.status === 'unknown-kind') return { status: 'ignored', record: recordOf(change, 'ignored') };
  const record = recordOf(change, 'quarantined');
  return { status: 'poison', raw, id: change.id, record, failure: reading.failure };
}

function recordOf(change: Change, standing: Standing): ReplicaRecord {
  return {
    id: change.id,
    kind: change.kind,
    op: change.op,
    revision: change.revision,
    validFrom: epochMs(Date.parse(change.validFrom)),
    validUntil: epochMs(Date.parse(change.validUntil)),
    committedAt: epochMs(Date.parse(change.committedAt)),
    standing,
  };
}

function idOf(raw: unknown): string {
  const id = typeof raw === 'object' && raw !== null && 'id' in raw ? raw.id : undefined;
  return typeof id === 'string' && id.length <= 128 ? id : '';
}

interface Run<C> {
  /** Every projection runs under a savepoint of its own. */
  readonly careful: boolean;
  readonly quarantineInUse: boolean;
  readonly applied: (C | Revoke)[];
}

function applyOne<C>(deps: ApplyDependencies<C>, item: Prepared<C>, options: ApplyOptions, run: Run<C>): void {
  if (item.status === 'ignored') setAside(deps, item.record, options, run);
  else if (item.status === 'poison') quarantine(deps, item, options, run);
  else if (!run.careful) applyAccepted(deps, item, options, run);
  else {
    const failure = attempt(deps, () => applyAccepted(deps, item, options, run));
    if (!failure) return;
    const record: ReplicaRecord = { ...item.record, standing: 'quarantined' };
    quarantine(deps, { status: 'poison', raw: item.raw, id: record.id, record, failure }, options, run);
  }
}

function applyAccepted<C>(
  deps: ApplyDependencies<C>,
  { record, change }: Extract<Prepared<C>, { status: 'accepted' }>,
  { generation, image }: ApplyOptions,
  run: Run<C>,
): void {
  const newer = deps.store.accept(record, generation);
  if (newer) projectOrRefuse(deps, change);
  else if (image) deps.store.seen(record.id, generation);
  if (run.quarantineInUse) deps.store.release(record.id, record.revision);
  if (newer) run.applied.push(change);
}

/** Stores a record that is not projected. Returns whether it was newer than what is held. */
function setAside<C>(
  deps: ApplyDependencies<C>,
  record: ReplicaRecord,
  { generation, image }: ApplyOptions,
  run: Run<C>,
): boolean {
  const held = deps.store.record(record.id);
  if (!deps.store.accept(record, generation)) {
    if (image) deps.store.seen(record.id, generation);
    return false;
  }
  // Nobody here can read the newer revision, so the older one must no longer be relied on.
  if (held?.op === 'upsert' && held.standing === 'applied') {
    const change = revocationOf(held, 'quarantined');
    if (!run.careful) {
      projectOrRefuse(deps, change);
      run.applied.push(change);
    } else if (!attempt(deps, () => projectOrRefuse(deps, change))) run.applied.push(change);
  }
  return true;
}

function quarantine<C>(
  deps: ApplyDependencies<C>,
  { raw, id, record, failure }: Extract<Prepared<C>, { status: 'poison' }>,
  options: ApplyOptions,
  run: Run<C>,
): void {
  if (record && !setAside(deps, record, options, run)) return;
  deps.store.quarantine({
    id,
    kind: record?.kind ?? '',
    revision: record?.revision ?? 0,
    failure,
    raw: JSON.stringify(raw),
    at: deps.clock.now(),
  });
}

/**
 * Revokes live records that the source turned out not to hold. A projection that refuses one goes into quarantine like
 * any other. Call inside a transaction.
 */
export function revokeAbsent<C>(deps: ApplyDependencies<C>, records: readonly ReplicaRecord[]): readonly Revoke[] {
  const applied: Revoke[] = [];
  for (const held of records) {
    deps.store.infer(held.id);
    // What could not be read of it is gone at the source too: tried again later it would come back to life here.
    deps.store.release(held.id, held.revision);
    if (held.standing !== 'applied') continue;
    const change = revocationOf(held, 'absent');
    const failure = attempt(deps, () => projectOrRefuse(deps, change));
    if (!failure) applied.push(change);
    else {
      const { id, kind, revision } = held;
      deps.store.quarantine({ id, kind, revision, failure, raw: JSON.stringify(asRaw(change)), at: deps.clock.now() });
    }
  }
  return applied;
}

function revocationOf(held: ReplicaRecord, because: Revoke['because']): Revoke {
  const { id, kind, revision, validFrom, validUntil, committedAt } = held;
  return { id, kind, revision, validFrom, validUntil, committedAt, op: 'revoke', data: {}, because };
}

function asRaw({ id, kind, revision, validFrom, validUntil, committedAt }: Revoke): Change {
  return {
    id,
    kind,
    revision,
    schemaVersion: '1.0',
    op: 'revoke',
    validFrom: iso(validFrom),
    validUntil: iso(validUntil),
    committedAt: iso(committedAt),
    data: {},
  };
}

/** Runs `work` under a savepoint; a refusal becomes a failure, trouble of the store itself passes on. */
function attempt<C>({ store }: ApplyDependencies<C>, work: () => void): Failure | undefined {
  try {
    store.savepoint(work);
    return undefined;
  } catch (error) {
    const cause = error instanceof ProjectionRefused ? error.cause : error;
    if (store.isOwnTrouble(cause)) throw cause;
    return describeFault('E-SYNC-0204', cause);
  }
}

function projectOrRefuse<C>({ project, store }: ApplyDependencies<C>, change: C | Revoke): void {
  let result: Result<void> | undefined;
  try {
    result = project(change);
  } catch (cause) {
    if (store.isOwnTrouble(cause)) throw cause;
    throw new ProjectionRefused('the projection threw', { cause });
  }
  if (result && !result.ok) {
    throw new ProjectionRefused('the projection refused', { cause: new FailureError(result.error) });
  }
}
