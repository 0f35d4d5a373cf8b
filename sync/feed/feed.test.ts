import fc from 'fast-check';
import { expect, it } from 'vitest';
import { manualClock, seconds } from '../base/index.ts';
import { openDatabase, migrate } from '../sqlite/index.ts';
import { createRequests } from '../reference-hall/requests.ts';
import { hallSchema } from '../reference-hall/schema.ts';
import { createFeed } from './index.ts';
import type { Feed } from './index.ts';

const signal = new AbortController().signal;

function aFeed() {
  const clock = manualClock();
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [hallSchema] });
  const requests = createRequests({ db, clock, committed: () => feed.notify() });
  const feed: Feed = createFeed({ log: requests.log, clock });
  const commit = (id: string, revision = 1): void =>
    requests.commit([
      {
        id,
        kind: 'visitor-access',
        schemaVersion: '1.0',
        revision,
        op: 'upsert',
        validFrom: '2020-01-01T00:00:00Z',
        validUntil: '2099-01-01T00:00:00Z',
        data: {},
      },
    ]);
  return { clock, feed, commit, requests };
}
const start = (feed: Feed): string => {
  const image = feed.image({ limit: 1 });
  if (!image.ok) throw new Error('no image');
  return image.value.cursor;
};

it('holds an empty answer until something is committed, or the wait is over', async () => {
  const { clock, feed, commit } = aFeed();
  const options = { lane: 'feed', cursor: start(feed), limit: 10, wait: seconds(25), signal } as const;
  const woken = feed.pull(options);
  expect(feed.waiting).toBe(1);
  commit('a');
  expect(await woken).toMatchObject({ value: { upToDate: true, changes: [{ id: 'a' }] } });
  const lane = feed.pull({ ...options, lane: 'revocations' });
  await clock.advanceAsync(seconds(25));
  expect(await lane).toMatchObject({ value: { upToDate: true, changes: [] } });
  expect(feed.waiting).toBe(0);
});

it('stops holding when the asker goes away', async () => {
  const { feed } = aFeed();
  const gone = new AbortController();
  const cursor = start(feed);
  const waiting = feed.pull({ lane: 'feed', cursor, limit: 10, wait: seconds(25), signal: gone.signal });
  gone.abort();
  expect(await waiting).toMatchObject({ ok: true });
  expect(feed.waiting).toBe(0);
});

it('keeps the cursor of a quiet lane young, so that dropped tombstones do not age it', async () => {
  const { feed, commit, requests } = aFeed();
  const cursor = start(feed);
  commit('a');
  const quiet = await feed.pull({ lane: 'revocations', cursor, limit: 10, wait: seconds(0), signal });
  requests.dropTombstones();
  const next = quiet.ok ? quiet.value.next : '';
  expect(await feed.pull({ lane: 'revocations', cursor: next, limit: 10, wait: seconds(0), signal })).toMatchObject({
    ok: true,
  });
  expect(await feed.pull({ lane: 'revocations', cursor, limit: 10, wait: seconds(0), signal })).toMatchObject({
    error: { code: 'E-SYNC-0109' },
  });
});

it('answers any text that is no cursor or token of its own with must-refetch', async () => {
  const { feed } = aFeed();
  await fc.assert(
    fc.asyncProperty(fc.string(), async (text) => {
      const failed = { ok: false, error: { code: 'E-SYNC-0109' } };
      expect(await feed.pull({ lane: 'feed', cursor: text, limit: 1, wait: seconds(0), signal })).toMatchObject(failed);
      expect(feed.image({ token: text, limit: 1 })).toMatchObject(failed);
    }),
  );
});

it('gives image and tail together every request at its newest revision, whatever is committed meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 8 }),
      fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'image'), { maxLength: 12 }),
      async (before, meanwhile) => {
        const { feed, commit } = aFeed();
        const newest = new Map<string, number>();
        const change = (id: string): void => {
          newest.set(id, (newest.get(id) ?? 0) + 1);
          commit(id, newest.get(id) ?? 1);
        };
        before.forEach(change);
        const seen = new Map<string, number>();
        let cursor = '';
        let token: string | undefined;
        const readImage = (): boolean => {
          const page = feed.image({ limit: 1, ...(token === undefined ? {} : { token }) });
          if (!page.ok) throw new Error('the image was refused');
          for (const { id, revision } of page.value.changes) seen.set(id, revision);
          cursor = page.value.cursor;
          token = page.value.next ?? undefined;
          return page.value.next !== null;
        };
        let more = readImage();
        for (const step of meanwhile) {
          if (step !== 'image') change(step);
          else if (more) more = readImage();
        }
        while (more) more = readImage();
        for (let upToDate = false; !upToDate;) {
          const page = await feed.pull({ lane: 'feed', cursor, limit: 2, wait: seconds(0), signal });
          if (!page.ok) throw new Error('the tail was refused');
          for (const { id, revision } of page.value.changes) seen.set(id, revision);
          ({ next: cursor, upToDate } = page.value);
        }
        expect(seen).toEqual(new Map([...newest].filter(([id]) => seen.has(id))));
        expect([...seen.keys()].toSorted()).toEqual([...newest.keys()].toSorted());
      },
    ),
  );
});
