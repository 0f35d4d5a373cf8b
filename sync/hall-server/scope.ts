import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Clock } from '../base/index.ts';
import { iso } from '../base/index.ts';
import { headers, mediaTypes, signBytes, whereWrong } from '../contract/index.ts';
import type { Access, Caller } from './access.ts';
import { header } from './access.ts';
import type { SigningKey } from './keys.ts';
import { HallProblem } from './problem.ts';

/** What the routes of a contract's end share. */
export interface ContractScope {
  readonly callerOf: (request: FastifyRequest) => Caller;
  /** The body of an answer to this question, which leaves signed. */
  readonly answer: (request: FastifyRequest, reply: FastifyReply, body: Readonly<Record<string, unknown>>) => string;
}

/**
 * Makes a scope of Fastify an end of the hall contract: admits hubs and nobody else, refuses with problem details, and signs
 * the exact bytes of every answer, refusals too.
 */
export function contractScope(
  app: FastifyInstance,
  deps: {
    readonly access: Access;
    readonly clock: Clock;
    readonly key: SigningKey;
    /** A handler that threw: a bug, for the log. */
    readonly fault?: (error: unknown) => void;
  },
): ContractScope {
  const callers = new WeakMap<FastifyRequest, Caller>();
  for (const type of [mediaTypes.json, mediaTypes.eventBatch]) {
    app.removeContentTypeParser(type);
    app.addContentTypeParser(type, { parseAs: 'string', bodyLimit: 8 * 1024 * 1024 }, (_request, body, done) => {
      try {
        done(null, JSON.parse(String(body)));
      } catch {
        done(new HallProblem(400, 'bad-request', 'the body is not JSON'));
      }
    });
  }
  app.addHook('onRequest', (request, _reply, done) => {
    const caller = deps.access.admit(request);
    callers.set(request, caller);
    if (!/^[\w-]{16,64}$/.test(caller.nonce) && !request.url.startsWith('/v1/files/')) {
      throw new HallProblem(400, 'bad-request', `${headers.nonce} must be 16 to 64 characters of base64url`);
    }
    done();
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = asProblem(error);
    if (problem.status >= 500 && problem !== error) deps.fault?.(error);
    void reply
      .code(problem.status)
      .type(mediaTypes.problem)
      .send(
        JSON.stringify({
          type: `urn:hallhub:problem:${problem.code}`,
          title: problem.code,
          status: problem.status,
          code: problem.code,
          detail: problem.message,
          nonce: header(request, headers.nonce),
          hub: header(request, headers.hub),
          ...problem.more,
        }),
      );
  });
  // A route rather than a not-found handler, so that this answer too is written and signed like the others.
  app.all('/*', () => {
    throw new HallProblem(404, 'not-found', 'the contract has no such address');
  });
  // Signs the exact bytes that leave, whatever made them.
  app.addHook('onSend', (_request, reply, payload, done) => {
    const { keyId, privateKey } = deps.key;
    if (typeof payload === 'string') {
      reply.header(headers.signature, signBytes(Buffer.from(payload), keyId, privateKey));
    }
    done(null, payload);
  });

  const callerOf = (request: FastifyRequest): Caller => {
    const caller = callers.get(request);
    if (!caller) throw new Error('a request reached its handler without having been admitted');
    return caller;
  };
  return {
    callerOf,
    answer: (request, reply, body) => {
      const { hub, nonce } = callerOf(request);
      void reply.type(mediaTypes.json);
      return JSON.stringify({ ...body, nonce, hub, issuedAt: iso(deps.clock.now()) });
    },
  };
}

/** @throws {HallProblem} 400, naming the place. */
export function parseOr400<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new HallProblem(400, 'bad-request', whereWrong(parsed.error));
}

function asProblem(error: unknown): HallProblem {
  if (error instanceof HallProblem) return error;
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status === 413) return new HallProblem(413, 'too-large', 'the body is too large');
  if (status === 415) return new HallProblem(415, 'unsupported-media-type', 'the content type is not supported');
  if (status >= 400 && status < 500) return new HallProblem(status, 'bad-request', 'the request is not understood');
  return new HallProblem(500, 'internal', 'the hall failed');
}
