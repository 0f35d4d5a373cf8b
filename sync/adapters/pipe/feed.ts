import { z } from 'zod';
import type { DurationMs, EpochMs, Result } from '../../base/index.ts';
import { epochMs, err, ms, ok } from '../../base/index.ts';
import type { Feed, FeedRead } from '../../feed/index.ts';
import type { LinkFailure } from '../../link/index.ts';
import type { FeedSource } from '../../replica/index.ts';
import type { Asker, MethodHandler } from './ask.ts';
import type { Method } from './messages.ts';
import { MESSAGE_LIMIT } from './messages.ts';

const at = z.number().transform((value): EpochMs => epochMs(value));
const changes = z.array(z.unknown());
const pageSchema = z.object({ changes, next: z.string(), upToDate: z.boolean(), sourceTime: at });
const imageSchema = z.object({
  changes,
  asOf: at,
  next: z.string().nullable(),
  cursor: z.string(),
  revocationsCursor: z.string(),
  sourceTime: at,
});
const digestSchema = z.object({ asOf: at, buckets: z.array(z.string()) });
const refsSchema = z.array(z.object({ id: z.string(), revision: z.number() }));
const recordsSchema = z.object({ changes, absent: z.array(z.string()) });

/** A feed that is asked for over a pipe: what an agent's replica follows. */
export function askedFeed(asker: Asker): FeedSource {
  const pull =
    (method: Method): FeedSource['pull'] =>
    ({ cursor, limit, waitMs, signal }) =>
      asked(asker.ask(method, { cursor, limit }, { signal, within: ms(waitMs + 5_000) }), pageSchema);
  return {
    pull: pull('pull'),
    pullRevocations: pull('pullRevocations'),
    image: ({ token, limit, signal }) =>
      asked(asker.ask('image', { limit, ...(token !== undefined && { token }) }, { signal }), imageSchema),
    digest: ({ signal }) => asked(asker.ask('digest', {}, { signal }), digestSchema),
    bucket: ({ bucket, asOf, signal }) => asked(asker.ask('bucket', { bucket, asOf }, { signal }), refsSchema),
    records: ({ ids, signal }) => asked(asker.ask('records', { ids }, { signal }), recordsSchema),
  };
}

async function asked<T>(
  answer: Promise<Result<unknown, LinkFailure>>,
  schema: z.ZodType<T>,
): Promise<Result<T, LinkFailure>> {
  const result = await answer;
  if (!result.ok) return result;
  const parsed = schema.safeParse(result.value);
  return parsed.success ? ok(parsed.data) : err({ code: 'E-SYNC-0104', class: 'retry' });
}

const pullParams = z.object({ cursor: z.string().max(512), limit: z.int().min(1).max(1_000) });
const imageParams = z.object({ token: z.string().max(512).optional(), limit: z.int().min(1).max(1_000) });
const bucketParams = z.object({ bucket: z.int().min(0).max(255), asOf: at });
const recordsParams = z.object({ ids: z.array(z.string().max(128)).max(200) });

/** Room for the envelope around the changes of a page. */
const PAGE_LIMIT = MESSAGE_LIMIT - 8 * 1024;

const notUnderstood = err<LinkFailure>({ code: 'E-SYNC-0110', class: 'reject' });
const failed = (code: LinkFailure['code']): Result<never, LinkFailure> =>
  err({ code, class: code === 'E-SYNC-0109' ? 'must-refetch' : 'retry' });

/** What the hub answers about the feeds of its agents: each has its own, by the name that the broker vouches for. */
export function feedMethods(deps: {
  readonly feedFor: (agent: string) => Feed;
  readonly now: () => EpochMs;
}): Readonly<Record<'pull' | 'pullRevocations' | 'image' | 'digest' | 'bucket' | 'records', MethodHandler>> {
  const { feedFor, now } = deps;
  const pull =
    (lane: 'feed' | 'revocations'): MethodHandler =>
    async (raw, { from, within, signal }) => {
      const params = pullParams.safeParse(raw);
      if (!params.success) return notUnderstood;
      const wait = Math.max(0, within - 5_000) as DurationMs;
      const feed = feedFor(from);
      const page = await feed.pull({ lane, ...params.data, wait, signal });
      if (!page.ok) return failed(page.error.code);
      const fitting = await fit(page.value, async (limit) => {
        const smaller = await feed.pull({ lane, cursor: params.data.cursor, limit, wait: ms(0), signal });
        return smaller.ok ? smaller.value : undefined;
      });
      return ok({ ...fitting, sourceTime: now() });
    };
  return {
    pull: pull('feed'),
    pullRevocations: pull('revocations'),
    image: async (raw, { from }) => {
      const params = imageParams.safeParse(raw);
      if (!params.success) return notUnderstood;
      const { token, limit } = params.data;
      const read = (size: number) => feedFor(from).image({ limit: size, ...(token !== undefined && { token }) });
      const page = read(limit);
      if (!page.ok) return failed(page.error.code);
      const fitting = await fit(page.value, (size) => {
        const smaller = read(size);
        return Promise.resolve(smaller.ok ? smaller.value : undefined);
      });
      return ok({ ...fitting, sourceTime: now() });
    },
    digest: (_raw, { from }) => ok(feedFor(from).digest()),
    bucket: (raw, { from }) => {
      const params = bucketParams.safeParse(raw);
      return params.success ? ok(feedFor(from).bucket(params.data.bucket, params.data.asOf)) : notUnderstood;
    },
    records: async (raw, { from }) => {
      const params = recordsParams.safeParse(raw);
      if (!params.success) return notUnderstood;
      const read = (ids: readonly string[]) => feedFor(from).records(ids);
      // Records that are left out are asked for again; the absent ones are told of those that were looked at only.
      const fitting = await fit(read(params.data.ids), (count) =>
        Promise.resolve(read(params.data.ids.slice(0, count))),
      );
      return ok(fitting);
    },
  };
}

/** The page, or the largest smaller one of it that fits into a message. */
async function fit<P extends Pick<FeedRead, 'changes'>>(
  page: P,
  smaller: (limit: number) => Promise<P | undefined>,
): Promise<P> {
  let fitting = page;
  while (fitting.changes.length > 1 && Buffer.byteLength(JSON.stringify(fitting.changes)) > PAGE_LIMIT) {
    const next = await smaller(Math.floor(fitting.changes.length / 2));
    if (!next) return fitting;
    fitting = next;
  }
  return fitting;
}
