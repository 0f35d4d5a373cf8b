import { afterEach, describe, expect, it } from 'vitest';
import { err, hours, iso, manualClock, minutes, ms, ok, seconds } from '../base/index.ts';
import type { Result } from '../base/index.ts';
import { requestKinds } from '../contract/index.ts';
import type { Change, RequestChange } from '../contract/index.ts';
import type { LinkFailure } from '../link/index.ts';
import { aesGcmSealer, migrate, openDatabase, replicaSchema, sqliteReplicaStore } from '../sqlite/index.ts';
import { createReplica } from './index.ts';
import type { ChangePage, FeedSource, ImagePage } from './index.ts';

const mustRefetch: Result<never, LinkFailure> = err({ code: 'E-SYNC-0109', class: 'must-refetch' });

/** What the source was asked, to be answered when the test says so. */
class Asked<Q, T> {
  readonly questions: { readonly question: Q; readonly answer: (value: Result<T, LinkFailure>) => void }[] = [];
  readonly ask = (question: Q): Promise<Result<T, LinkFailure>> =>
    new Promise((resolve) => this.questions.push({ question, answer: resolve }));
  /** The oldest question that waits. */
  next(): { readonly question: Q; readonly answer: (value: Result<T, LinkFailure>) => void } {
    const asked = this.questions.shift();
    if (!asked) throw new Error('nothing was asked');
    return asked;
  }
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function playedReplica() {
  const clock = manualClock();
  const feed = new Asked<string, ChangePage>();
  const lane = new Asked<string, ChangePage>();
  const image = new Asked<string | undefined, ImagePage>();
  const source: FeedSource = {
    pull: ({ cursor, signal }) => aborting(signal, feed.ask(cursor)),
    pullRevocations: ({ cursor, signal }) => aborting(signal, lane.ask(cursor)),
    image: ({ token, signal }) => aborting(signal, image.ask(token)),
    digest: () => Promise.reject(new Error('not played')),
    bucket: () => Promise.reject(new Error('not played')),
    records: () => Promise.reject(new Error('not played')),
  };
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [replicaSchema] });
  const store = sqliteReplicaStore({ db, source: 'hall', sealer: aesGcmSealer(new Uint8Array(32)) });
  const held = new Map<string, RequestChange['op']>();
  const replica = createReplica({
    source,
    store,
    kinds: requestKinds,
    project: (change): undefined => {
      held.set(change.id, change.op);
    },
    clock,
    random: (size) => new Uint8Array(size).fill(128),
    tuning: { digestEvery: hours(0) },
  });
  replica.start();
  closing.push(async () => {
    await replica.stop();
    db.close();
  });
  return {
    clock,
    replica,
    store,
    held,
    feed,
    lane,
    image,
    settle: () => clock.advanceAsync(ms(1)),
    visit: (id: string): Change => ({
      id,
      kind: 'visitor-access',
      schemaVersion: '1.0',
      revision: 1,
      op: 'upsert',
      validFrom: '2020-01-01T00:00:00Z',
      validUntil: '2099-01-01T00:00:00Z',
      committedAt: iso(clock.now()),
      data: {
        people: [{ name: 'n', document: { type: 'passport', number: 'E12345678' } }],
        gates: ['g'],
        host: { name: 'h' },
      },
    }),
    page: (next: string, changes: readonly Change[] = []): Result<ChangePage, LinkFailure> =>
      ok({ changes, next, upToDate: true, sourceTime: clock.now() }),
    imagePage: (of: string, next: string | null, changes: readonly Change[] = []): Result<ImagePage, LinkFailure> =>
      ok({
        changes,
        next,
        asOf: clock.now(),
        cursor: `feed-${of}`,
        revocationsCursor: `lane-${of}`,
        sourceTime: clock.now(),
      }),
  };
}

/** As a real source does it: a question that is given up gets an answer. */
function aborting<T>(signal: AbortSignal, answer: Promise<Result<T, LinkFailure>>): Promise<Result<T, LinkFailure>> {
  const gone = new Promise<Result<T, LinkFailure>>((resolve) => {
    signal.addEventListener('abort', () => resolve(err({ code: 'E-SYNC-0101', class: 'retry' })), { once: true });
  });
  return Promise.race([answer, gone]);
}

/** A replica that holds `a` and `b`, up to date, with both lanes asking for more. */
async function upToDate() {
  const played = playedReplica();
  const { settle, image, feed, lane, page, imagePage, visit } = played;
  await settle();
  image.next().answer(imagePage('1', null, [visit('a'), visit('b')]));
  await settle();
  feed.next().answer(page('feed-1'));
  lane.next().answer(page('lane-1'));
  // Both answers came at once although they could have waited: the next questions come after the idle pause.
  await played.clock.advanceAsync(seconds(3));
  expect(played.replica.status()).toMatchObject({ loadingImage: false, upToDate: true });
  return played;
}

describe('freshness while a complete image is loading', () => {
  it('is not confirmed by the fast lane, whose new cursor says nothing of revocations before the image', async () => {
    const { clock, replica, store, held, settle, feed, lane, image, page, imagePage, visit } = await upToDate();
    feed.next().answer(mustRefetch);
    await settle();
    lane.next().answer(mustRefetch);
    await settle();
    const storedBefore = store.position().freshAt;
    const ageBefore = replica.staleness();
    // The image that both lanes wait for; the first request for it was overtaken by the second refetch.
    image.next().answer(imagePage('overtaken', 'x'));
    await settle();
    image.next().answer(imagePage('2', 'more', [visit('a')]));
    await settle();
    await clock.advanceAsync(minutes(5));
    const asked = lane.next();
    expect(asked.question).toBe('lane-2');
    asked.answer(page('lane-3'));
    await settle();
    expect(replica.status().loadingImage).toBe(true);
    expect(held.get('b')).toBe('upsert');
    expect(replica.staleness()).toBeGreaterThanOrEqual(ageBefore + minutes(5));
    expect(store.position().freshAt).toBe(storedBefore);

    image.next().answer(imagePage('2', null));
    await settle();
    expect(held.get('b')).toBe('revoke');
    const first = feed.next();
    expect(first.question).toBe('feed-2');
    first.answer(page('feed-2'));
    await settle();
    expect(replica.staleness()).toBeLessThan(seconds(10));
    expect(store.position().freshAt).toBeGreaterThan(storedBefore ?? Infinity);
  });

  it('is infinite throughout the first load', async () => {
    const { replica, store, settle, lane, image, page, imagePage, visit } = playedReplica();
    await settle();
    image.next().answer(imagePage('1', 'more', [visit('a')]));
    await settle();
    lane.next().answer(page('lane-1'));
    await settle();
    expect(replica.staleness()).toBe(Infinity);
    expect(store.position().freshAt).toBeNull();
  });

  it('is not confirmed, nor the image given up, by a feed page that was asked for before the image began', async () => {
    const { replica, held, settle, feed, lane, image, page, imagePage, visit } = await upToDate();
    lane.next().answer(mustRefetch);
    await settle();
    feed.next().answer(page('feed-1', [visit('c')]));
    await settle();
    expect(replica.status()).toMatchObject({ loadingImage: true, upToDate: false });
    image.next().answer(imagePage('2', null, [visit('a')]));
    await settle();
    expect(feed.next().question).toBe('feed-2');
    expect(lane.next().question).toBe('lane-2');
    expect([...held]).toEqual([
      ['a', 'upsert'],
      ['b', 'revoke'],
    ]);
  });

  it('takes no page of an image that has been begun anew since it was asked for', async () => {
    const { held, settle, feed, lane, image, imagePage, visit } = await upToDate();
    feed.next().answer(mustRefetch);
    await settle();
    image.next().answer(imagePage('2', 'more', [visit('a')]));
    await settle();
    lane.next().answer(mustRefetch);
    await settle();
    image.next().answer(imagePage('2', null, [visit('b')]));
    await settle();
    const again = image.next();
    expect(again.question).toBeUndefined();
    again.answer(imagePage('3', null, [visit('a'), visit('b')]));
    await settle();
    expect([...held]).toEqual([
      ['a', 'upsert'],
      ['b', 'upsert'],
    ]);
    expect(feed.next().question).toBe('feed-3');
  });
});
