import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Clock, Result } from '../base/index.ts';
import { epochMs, iso, ms, sleep } from '../base/index.ts';
import { digestBuckets, headers, instant, mediaTypes, sha256Hex, signBytes } from '../contract/index.ts';
import type { Feed, Lane } from '../feed/index.ts';
import type { Access, SigningKey } from '../hall-server/index.ts';
import { HallProblem, contractScope, header, parseOr400, strangerKey } from '../hall-server/index.ts';
import type { Faults } from './faults.ts';
import type { HallInbox } from './inbox.ts';
import type { HallRequests } from './requests.ts';

export interface ContractDependencies {
  readonly access: Access;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly feed: Feed;
  readonly inbox: HallInbox;
  readonly key: SigningKey;
  readonly requests: HallRequests;
  /** Aborts when the hall closes, so that long-polls end. */
  readonly closing: AbortSignal;
}

const longestWaitSeconds = 60;
const limitQuery = z.coerce.number().int().min(1).max(5_000).default(1_000);
const pullQuery = z.object({
  cursor: z.string().min(1).max(512),
  limit: limitQuery,
  wait: z.coerce.number().min(0).max(longestWaitSeconds).default(0),
});
const imageQuery = z.object({ token: z.string().max(512).optional(), limit: limitQuery });
const bucketQuery = z.object({ asOf: instant });
const bucketParams = z.object({
  bucket: z.coerce
    .number()
    .int()
    .min(0)
    .max(digestBuckets - 1),
});
const recordsBody = z.object({ ids: z.array(z.string().max(128)).max(200) });
const positionQuery = z.object({ after: z.coerce.number().int().min(0).default(0) });
const eventsBody = z.array(z.unknown()).max(1_000);
const fileParams = z.object({ sha256: sha256Hex });

/** The hall contract below `/v1`. */
export function contractRoutes(app: FastifyInstance, deps: ContractDependencies): void {
  const { access, clock, faults, feed, inbox, requests } = deps;
  const stranger = strangerKey();
  const open = new Set<FastifyReply>();
  faults.subscribe(() => {
    if (faults.settings.unreachable) for (const reply of open) reply.raw.destroy();
  });

  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 20 * 1024 * 1024 }, (_request, body, done) => {
    done(null, body);
  });

  app.addHook('onRequest', async (request, reply) => {
    const fault = faults.forPath(request.url);
    if (fault.unreachable) {
      reply.hijack();
      reply.raw.destroy();
      return;
    }
    open.add(reply);
    reply.raw.on('close', () => open.delete(reply));
    if (fault.delayMs > 0) await sleep(clock, ms(fault.delayMs), deps.closing);
    if (fault.status > 0) {
      if (fault.retryAfterSeconds > 0) reply.header('retry-after', String(fault.retryAfterSeconds));
      throw new HallProblem(fault.status, fault.status >= 500 ? 'unavailable' : 'bad-request', 'a fault was asked for');
    }
  });
  const { answer, callerOf } = contractScope(app, { access, clock, key: deps.key });

  // After the true signature: a fault is what a hall in trouble, or somebody in between, would send instead.
  app.addHook('onSend', (request, reply, payload, done) => {
    if (typeof payload !== 'string') {
      done(null, payload);
      return;
    }
    const fault = faults.forPath(request.url).answer;
    if (fault === 'forged') {
      reply.header(headers.signature, signBytes(Buffer.from(payload), deps.key.keyId, stranger.privateKey));
    }
    if (fault === 'html') {
      reply.type('text/html; charset=utf-8');
      done(null, '<!doctype html><title>502</title><h1>Bad gateway</h1>');
    } else if (fault === 'half-json') {
      done(null, payload.slice(0, payload.length / 2));
    } else if (fault === 'cut') {
      const bytes = Buffer.from(payload);
      reply.hijack();
      reply.raw.writeHead(reply.statusCode, { 'content-type': mediaTypes.json, 'content-length': bytes.length });
      reply.raw.write(bytes.subarray(0, bytes.length / 2), () => reply.raw.destroy());
    } else done(null, payload);
  });

  for (const lane of ['feed', 'revocations'] satisfies Lane[]) {
    app.get(`/${lane}`, async (request, reply) => {
      const { cursor, limit, wait } = parseOr400(pullQuery, request.query);
      const gone = new AbortController();
      reply.raw.on('close', () => gone.abort());
      const signal = AbortSignal.any([gone.signal, deps.closing]);
      const page = refetchable(await feed.pull({ lane, cursor, limit, wait: ms(wait * 1_000), signal }));
      return answer(request, reply, { type: lane, ...page });
    });
  }
  app.get('/snapshot', (request, reply) => {
    const { token, limit } = parseOr400(imageQuery, request.query);
    const page = refetchable(feed.image({ limit, ...(token === undefined ? {} : { token }) }));
    return answer(request, reply, { type: 'snapshot', ...page, asOf: iso(page.asOf) });
  });
  app.get('/digest', (request, reply) => {
    const { asOf, buckets } = feed.digest();
    return answer(request, reply, { type: 'digest', asOf: iso(asOf), buckets });
  });
  app.get('/digest/:bucket', (request, reply) => {
    const { bucket } = parseOr400(bucketParams, request.params);
    const { asOf } = parseOr400(bucketQuery, request.query);
    const records = feed.bucket(bucket, epochMs(Date.parse(asOf)));
    return answer(request, reply, { type: 'bucket', asOf, records });
  });
  app.post('/records', (request, reply) => {
    const { ids } = parseOr400(recordsBody, request.body);
    return answer(request, reply, { type: 'records', ...feed.records(ids) });
  });

  for (const path of ['/outcomes', '/requests']) {
    app.post(path, (request, reply) => {
      if (!header(request, 'content-type').startsWith(mediaTypes.eventBatch)) {
        throw new HallProblem(415, 'unsupported-media-type', `send ${mediaTypes.eventBatch}`);
      }
      const batch = parseOr400(eventsBody, request.body);
      return answer(request, reply, { type: 'answers', ...inbox.take(callerOf(request), batch) });
    });
  }
  app.get('/outcomes', (request, reply) => {
    const { after } = parseOr400(positionQuery, request.query);
    return answer(request, reply, { type: 'position', ...inbox.position(callerOf(request), after) });
  });
  app.put('/attachments/:sha256', (request, reply) => {
    const { sha256 } = parseOr400(fileParams, request.params);
    const bytes = request.body;
    if (!Buffer.isBuffer(bytes)) throw new HallProblem(415, 'unsupported-media-type', 'send the bytes of the file');
    if (hash('sha256', bytes, 'hex') !== sha256) {
      throw new HallProblem(422, 'checksum-mismatch', 'the bytes have another SHA-256');
    }
    requests.putFile(bytes, header(request, 'content-type'));
    return answer(request, reply, { type: 'attachment', sha256, size: bytes.length });
  });
  app.get('/files/:sha256', (request, reply) => {
    const file = requests.file(parseOr400(fileParams, request.params).sha256);
    if (!file) throw new HallProblem(404, 'not-found', 'no such file');
    return reply.type(file.mediaType).send(file.bytes);
  });
}

function refetchable<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new HallProblem(410, 'must-refetch', 'the place is too old or unknown; load /v1/snapshot');
}
