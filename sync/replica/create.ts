import type { DurationMs, Result } from '../base/index.ts';
import { hours, ms, ok, seconds } from '../base/index.ts';
import { backoff, createPause, describeFault, linkMonitor } from '../link/index.ts';
import type { BackoffOptions, LinkFailure, LinkMonitor, Pause } from '../link/index.ts';
import { createCore } from './core.ts';
import type { DigestReport, Replica, ReplicaOptions, ReplicaStatus, ReplicaTuning } from './replica.ts';
import { retryQuarantined } from './retry.ts';
import { verifySet } from './verify.ts';

const defaults: ReplicaTuning = {
  pageSize: 1_000,
  wait: seconds(25),
  idle: seconds(2),
  backoffFirst: ms(500),
  backoffMax: seconds(60),
  digestEvery: hours(6),
};

/** See {@link Replica}. Reads the position from the store; nothing is asked of the source before `start`. */
export function createReplica<C>(options: ReplicaOptions<C>): Replica {
  const { source, store, clock, random, kinds } = options;
  const tuning = { ...defaults, ...options.tuning };
  const core = createCore(options);
  const stop = new AbortController();
  const listeners = new Set<(status: ReplicaStatus) => void>();
  let upToDate = false;
  let lastDigest: DigestReport | undefined;
  let digestDue = clock.monotonic() + tuning.digestEvery;
  let running: Promise<unknown> | undefined;

  const status = (): ReplicaStatus => {
    const commit = core.newestCommit;
    return {
      feed: feedLink.state,
      revocations: revocationsLink.state,
      loadingImage: core.position.cursor === null,
      upToDate,
      staleness: core.freshness.age(),
      quarantined: store.quarantineSize(),
      ...(commit === undefined ? {} : { lag: ms(Math.max(0, clock.now() + core.freshness.offset() - commit)) }),
      ...(lastDigest ? { lastDigest } : {}),
    };
  };
  const changed = (): void => {
    if (listeners.size === 0) return;
    const now = status();
    for (const listener of listeners) listener(now);
  };
  const feedLink = linkMonitor(clock, changed);
  const revocationsLink = linkMonitor(clock, changed);
  const feedPause = createPause(clock);
  const revocationsPause = createPause(clock);

  const verify = async (): Promise<Result<DigestReport, LinkFailure>> => {
    const report = await verifySet({ source, store, clock, core }, stop.signal);
    if (report.ok) lastDigest = report.value;
    changed();
    return report;
  };

  /** The fast lane began an image anew since the question was asked: the answer belongs to the set before it. */
  const overtaken = (generation: number): boolean => core.position.generation !== generation;

  /** One step of the main lane: a page of the image, a stretch of the sweep, a page of the feed, or a comparison. */
  const stepFeed = async (): Promise<Step> => {
    resume();
    const { cursor, image, generation } = core.position;
    const { signal } = stop;
    if (cursor === null && image?.stage === 'sweeping') {
      core.sweep();
      return ok('more');
    }
    if (cursor === null) {
      if (!image) core.beginImage();
      const token = image?.token ?? undefined;
      const begun = core.position.generation;
      const page = await source.image({ limit: tuning.pageSize, signal, ...(token === undefined ? {} : { token }) });
      if (!page.ok) return page;
      if (signal.aborted || overtaken(begun)) return ok('more');
      core.imagePage(page.value);
      // The fast lane may begin as soon as the image has told where.
      revocationsPause.wake();
      changed();
      return ok('more');
    }
    if (upToDate && tuning.digestEvery > 0 && clock.monotonic() >= digestDue) {
      digestDue = clock.monotonic() + tuning.digestEvery;
      const report = await verify();
      if (!report.ok) return report;
    }
    const asked = clock.monotonic();
    const page = await source.pull({ cursor, limit: tuning.pageSize, waitMs: upToDate ? tuning.wait : 0, signal });
    if (!page.ok) return page;
    if (signal.aborted || overtaken(generation)) return ok('more');
    const wasUpToDate = upToDate;
    core.page('feed', page.value);
    upToDate = page.value.upToDate;
    if (page.value.changes.length > 0 || upToDate !== wasUpToDate) changed();
    return ok(pace(page.value, wasUpToDate, clock.monotonic() - asked));
  };

  let laneUpToDate = false;
  const stepRevocations = async (): Promise<Step> => {
    const cursor = core.position.revocationsCursor;
    if (cursor === null) return ok('wait');
    const { signal } = stop;
    const asked = clock.monotonic();
    const waited = laneUpToDate;
    const page = await source.pullRevocations({
      cursor,
      limit: tuning.pageSize,
      waitMs: waited ? tuning.wait : 0,
      signal,
    });
    if (!page.ok) return page;
    if (signal.aborted) return ok('more');
    core.page('revocations', page.value);
    laneUpToDate = page.value.upToDate;
    if (page.value.changes.length > 0) changed();
    return ok(pace(page.value, waited, clock.monotonic() - asked));
  };

  /** An empty answer that came at once, though it could have waited, means: no long-poll here. Do not ask in a hurry. */
  const pace = (page: { readonly changes: readonly unknown[] }, waited: boolean, took: number): Pace =>
    waited && page.changes.length === 0 && took < tuning.idle ? 'idle' : 'more';

  const mustRefetch = (lane: 'feed' | 'revocations'): void => {
    if (lane === 'revocations') core.forgetRevocationsCursor();
    upToDate = false;
    core.beginImage();
    feedPause.wake();
  };

  const loop = (lane: 'feed' | 'revocations', link: LinkMonitor, pause: Pause, step: () => Promise<Step>) =>
    runLoop({
      step,
      link,
      pause,
      signal: stop.signal,
      idle: tuning.idle,
      delay: (failure) => backoff(pacing(failure), link.attempts, random, failure.retryAfter),
      mustRefetch: () => mustRefetch(lane),
      ...(options.fault ? { fault: options.fault } : {}),
    });

  /** A wrong token does not mend itself within a second. */
  const pacing = (failure: LinkFailure): BackoffOptions => ({
    first: failure.class === 'authentication' ? ms(tuning.backoffFirst * 8) : tuning.backoffFirst,
    max: tuning.backoffMax,
  });

  const retry = (key: number): Result<void> => {
    const result = retryQuarantined(core, store, key);
    changed();
    return result;
  };

  let resumed = false;
  /** Once after a start: a newer program may understand what an older one could not. */
  const resume = (): void => {
    if (resumed) return;
    for (const { key } of store.quarantined(1_000)) retryQuarantined(core, store, key);
    if (core.position.cursor !== null && store.ignored((kind) => kinds.knows(kind)).length > 0) core.beginImage();
    resumed = true;
  };

  const run = async (): Promise<void> => {
    await Promise.all([
      loop('feed', feedLink, feedPause, stepFeed),
      loop('revocations', revocationsLink, revocationsPause, stepRevocations),
    ]);
  };

  return {
    start: () => {
      running ??= run();
    },
    stop: async () => {
      stop.abort();
      await running;
    },
    wake: () => {
      feedPause.wake();
      revocationsPause.wake();
    },
    status,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    staleness: () => core.freshness.age(),
    clockOffset: () => core.freshness.offset(),
    verify,
    counts: () => store.counts(),
    quarantined: (limit = 100) => store.quarantined(limit),
    retry,
    discard: (key) => {
      store.discard(key);
      changed();
    },
  };
}

/** `more`: ask again at once; `idle`: after a short pause; `wait`: only when woken. */
type Pace = 'more' | 'idle' | 'wait';
type Step = Result<Pace, LinkFailure>;

interface LoopOptions {
  readonly step: () => Promise<Step>;
  readonly link: LinkMonitor;
  readonly pause: Pause;
  readonly signal: AbortSignal;
  readonly idle: DurationMs;
  readonly delay: (failure: LinkFailure) => DurationMs;
  readonly mustRefetch: () => void;
  readonly fault?: (error: unknown) => void;
}

async function runLoop({ step, link, pause, signal, idle, delay, mustRefetch, fault }: LoopOptions): Promise<void> {
  const guarded = async (work: () => Step | Promise<Step>): Promise<Step> => {
    try {
      return await work();
    } catch (error) {
      fault?.(error);
      return { ok: false, error: { ...describeFault('E-SYNC-0401', error), class: 'retry' } };
    }
  };
  let refetches = 0;
  for (;;) {
    const result = await guarded(step);
    // Read through a call: the signal may have changed while the step ran.
    if (isAborted(signal)) break;
    if (result.ok) {
      if (result.value === 'wait') {
        await pause.wait(undefined, signal);
        continue;
      }
      refetches = 0;
      link.succeeded();
      if (result.value === 'idle') await pause.wait(idle, signal);
      continue;
    }
    if (result.error.class === 'must-refetch') {
      const begun = await guarded(() => {
        mustRefetch();
        return ok('more');
      });
      refetches += 1;
      // Once is the normal course of things; again and again is a source that cannot keep an image.
      if (begun.ok && refetches === 1) continue;
    }
    link.failed(result.error);
    if (result.error.class === 'fenced') return;
    await pause.wait(delay(result.error), signal);
  }
  link.stopped();
}

const isAborted = (signal: AbortSignal): boolean => signal.aborted;
