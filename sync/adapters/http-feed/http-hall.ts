import { hash } from 'node:crypto';
import type { Clock, DurationMs, RandomBytes, Result } from '../../base/index.ts';
import { epochMs, err, ms, ok, seconds } from '../../base/index.ts';
import {
  allEventTypes,
  attachmentStoredSchema,
  bucketSchema,
  digestSchema,
  eventAnswersSchema,
  eventPositionSchema,
  feedPageSchema,
  mediaTypes,
  recordsSchema,
  revocationsPageSchema,
  snapshotPageSchema,
} from '../../contract/index.ts';
import type {
  CloudEvent,
  EventAnswers,
  EventPosition,
  FeedPage,
  PinnedKey,
  RevocationsPage,
} from '../../contract/index.ts';
import type { LinkFailure } from '../../link/index.ts';
import type { OutcomeSink, SinkAnswers } from '../../outbox/index.ts';
import type { ChangePage, FeedSource } from '../../replica/index.ts';
import { createExchange } from './exchange.ts';
import type { Answer } from './exchange.ts';
import { createTransfer } from './transfer.ts';

export interface HttpHallOptions {
  /** Base address of the hall's contract, with or without a trailing slash. */
  readonly url: string;
  readonly token: string;
  /** This hub's id. */
  readonly hub: string;
  /** This hub's fencing epoch. */
  readonly epoch: number;
  /** The hall's public keys; several while they rotate. */
  readonly keys: readonly PinnedKey[];
  /** PEM of the authority that signed the hall's certificate, where it is not a public one. */
  readonly ca?: string;
  /** Plain HTTP to a host other than this machine; the token then travels in the open. Default false. */
  readonly allowPlainHttp?: boolean;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** For a whole exchange, a long-poll's wait not counted. Default 15 s. */
  readonly timeout?: DurationMs;
  /** Largest answer. Default 32 MiB. */
  readonly maxBytes?: number;
}

/** A hall that keeps the contract over HTTP. */
export interface HttpHall {
  readonly source: FeedSource;
  readonly sink: OutcomeSink;
  /** Fetches a file that a request names and checks its SHA-256. The token goes to the hall's own origin only. */
  file(options: {
    readonly url: string;
    readonly sha256: string;
    readonly signal: AbortSignal;
  }): Promise<Result<Uint8Array, LinkFailure>>;
  close(): void;
}

/** @throws {TypeError} when the address is not HTTPS (or loopback), or a pinned key is not a key. */
export function createHttpHall(options: HttpHallOptions): HttpHall {
  const base = baseUrl(options);
  const timeout = options.timeout ?? seconds(15);
  const maxBytes = options.maxBytes ?? 32 * 1024 * 1024;
  const { clock } = options;
  const transfer = createTransfer({ clock, ...(options.ca === undefined ? {} : { ca: options.ca }) });
  const exchange = createExchange({ ...options, base, transfer, timeout, maxBytes });

  const post = async (
    path: string,
    events: readonly CloudEvent[],
    signal: AbortSignal,
  ): Promise<Result<SinkAnswers, LinkFailure>> => {
    const bytes = Buffer.from(JSON.stringify(events));
    const body = { mediaType: mediaTypes.eventBatch, bytes };
    return mapOk(await exchange({ method: 'POST', path, body, schema: eventAnswersSchema, signal }), toAnswers);
  };

  const source: FeedSource = {
    pull: async ({ cursor, limit, waitMs, signal }) =>
      mapOk(
        await exchange({
          method: 'GET',
          path: 'v1/feed',
          query: { cursor, limit, wait: waitSeconds(waitMs) },
          schema: feedPageSchema,
          patience: ms(waitMs),
          signal,
        }),
        toPage,
      ),
    pullRevocations: async ({ cursor, limit, waitMs, signal }) =>
      mapOk(
        await exchange({
          method: 'GET',
          path: 'v1/revocations',
          query: { cursor, limit, wait: waitSeconds(waitMs) },
          schema: revocationsPageSchema,
          patience: ms(waitMs),
          signal,
        }),
        toPage,
      ),
    image: async ({ token, limit, signal }) =>
      mapOk(
        await exchange({
          method: 'GET',
          path: 'v1/snapshot',
          query: { token, limit },
          schema: snapshotPageSchema,
          signal,
        }),
        ({ value, hallTime }) => ({ ...value, asOf: epochMs(Date.parse(value.asOf)), sourceTime: hallTime }),
      ),
    digest: async ({ signal }) =>
      mapOk(await exchange({ method: 'GET', path: 'v1/digest', schema: digestSchema, signal }), ({ value }) => ({
        asOf: epochMs(Date.parse(value.asOf)),
        buckets: value.buckets,
      })),
    bucket: async ({ bucket, asOf, signal }) =>
      mapOk(
        await exchange({
          method: 'GET',
          path: `v1/digest/${bucket}`,
          query: { asOf: new Date(asOf).toISOString() },
          schema: bucketSchema,
          signal,
        }),
        ({ value }) => value.records,
      ),
    records: async ({ ids, signal }) =>
      mapOk(
        await exchange({
          method: 'POST',
          path: 'v1/records',
          body: { mediaType: mediaTypes.json, bytes: Buffer.from(JSON.stringify({ ids })) },
          schema: recordsSchema,
          signal,
        }),
        ({ value }) => value,
      ),
  };

  const sink: OutcomeSink = {
    send: async ({ events, signal }) => {
      // Requests first: an outcome may speak of a request that began here.
      const requests = events.filter(({ type }) => requestTypes.has(type));
      const outcomes = events.filter(({ type }) => !requestTypes.has(type));
      const first = requests.length > 0 ? await post('v1/requests', requests, signal) : undefined;
      if (first && (!first.ok || outcomes.length === 0)) return first;
      const second = await post('v1/outcomes', outcomes, signal);
      if (!second.ok || !first?.ok) return second;
      return ok({ ...second.value, answers: [...first.value.answers, ...second.value.answers] });
    },
    position: async ({ after, signal }) =>
      mapOk(
        await exchange({
          method: 'GET',
          path: 'v1/outcomes',
          query: { after },
          schema: eventPositionSchema,
          signal,
        }),
        toAnswers,
      ),
    putAttachment: async ({ sha256, mediaType, bytes, signal }) =>
      mapOk(
        await exchange({
          method: 'PUT',
          path: `v1/attachments/${sha256}`,
          body: { mediaType, bytes },
          schema: attachmentStoredSchema,
          signal,
        }),
        () => undefined,
      ),
  };

  return {
    source,
    sink,
    file: async ({ url, sha256, signal }) => {
      const address = URL.parse(url, base.href);
      if (!address || (address.protocol !== 'https:' && address.origin !== base.origin)) {
        return err({ code: 'E-SYNC-0110', class: 'reject', detail: 'the address of the file is not HTTPS' });
      }
      const headers: Record<string, string> =
        address.origin === base.origin
          ? {
              authorization: `Bearer ${options.token}`,
              'hallhub-hub': options.hub,
              'hallhub-epoch': String(options.epoch),
            }
          : {};
      const sent = await transfer.send({ method: 'GET', url: address, headers, timeout, maxBytes, signal });
      if (!sent.ok) return err({ ...sent.error, class: 'retry' });
      const { status, body } = sent.value;
      if (status !== 200) return err({ code: 'E-SYNC-0103', class: 'retry', detail: `HTTP ${status}` });
      if (hash('sha256', body, 'hex') !== sha256) {
        return err({ code: 'E-SYNC-0106', class: 'reject', detail: 'SHA-256 of the file differs' });
      }
      return ok(body);
    },
    close: () => transfer.close(),
  };
}

const requestTypes: ReadonlySet<string> = new Set(
  allEventTypes.filter(({ direction }) => direction === 'request').map(({ type }) => type),
);

const waitSeconds = (waitMs: number): number | undefined => (waitMs > 0 ? Math.ceil(waitMs / 1_000) : undefined);

function baseUrl({ url, allowPlainHttp = false }: HttpHallOptions): URL {
  const base = new URL(url.endsWith('/') ? url : `${url}/`);
  const loopback = base.hostname === 'localhost' || base.hostname === '[::1]' || base.hostname.startsWith('127.');
  if (base.protocol === 'https:' || (base.protocol === 'http:' && (loopback || allowPlainHttp))) return base;
  throw new TypeError(`the hall must be reached over HTTPS, not ${base.protocol}//${base.host}`);
}

function mapOk<T, U>(result: Result<T, LinkFailure>, map: (value: T) => U): Result<U, LinkFailure> {
  return result.ok ? ok(map(result.value)) : result;
}

const toPage = ({ value, hallTime }: Answer<FeedPage | RevocationsPage>): ChangePage => ({
  changes: value.changes,
  next: value.next,
  upToDate: value.upToDate,
  sourceTime: hallTime,
});

const toAnswers = ({ value, hallTime }: Answer<EventAnswers | EventPosition>): SinkAnswers => ({
  answers: value.answers,
  highestContiguous: value.highestContiguous,
  sinkTime: hallTime,
});
