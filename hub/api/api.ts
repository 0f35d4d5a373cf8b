import type { Code, Failure, Result } from '@hallhub/sync/base';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { z } from 'zod';
import { KIOSK_COOKIE } from '../kiosks/edge/cookie.ts';
import type { Account, Role, Staff } from '../staff/index.ts';
import { may } from '../staff/index.ts';

/** Who may call a route: anybody, the page of one kiosk, or staff with one of these roles. */
export type Access = 'public' | 'kiosk' | readonly Role[];

export interface Call<A extends Access, P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Present unless the route is public or a kiosk's. */
  readonly staff: A extends readonly Role[] ? Account : undefined;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface Route<A extends Access, P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly method: HTTPMethods;
  readonly url: string;
  readonly access: A;
  /** A role held in one area is enough to call; what is then shown or done is the handler's to narrow to that area. */
  readonly anyArea?: boolean;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** A `Result` becomes its value or a problem; anything else is the answer; undefined is 204. */
  readonly handler: (call: Call<A, z.output<P>, z.output<Q>, z.output<B>>) => unknown;
}

/** Declares routes: input checked by schema, caller checked by role, failures answered as RFC 9457 problems. */
export interface Api {
  route<
    A extends Access,
    P extends z.ZodType = z.ZodUndefined,
    Q extends z.ZodType = z.ZodUndefined,
    B extends z.ZodType = z.ZodUndefined,
  >(
    route: Route<A, P, Q, B>,
  ): void;
}

export const SESSION_COOKIE = 'hallhub_session';

export interface ApiDeps {
  readonly server: FastifyInstance;
  readonly staff: Staff;
  /** Whether the caller is the page of the kiosk named in the route's `kiosk` parameter. */
  readonly isKiosk: (kioskId: string, token: string) => boolean;
}

const nothing = z.undefined();

export function createApi({ server, staff, isKiosk }: ApiDeps): Api {
  const callerOf = (request: FastifyRequest): Account | undefined => {
    const session = request.cookies[SESSION_COOKIE];
    return session === undefined ? undefined : staff.whoIs(session);
  };
  const admit = (
    access: Access,
    anyArea: boolean,
    request: FastifyRequest,
  ): { readonly failure?: Failure; readonly account?: Account } => {
    if (access === 'public') return {};
    if (access === 'kiosk') {
      const kioskId = (request.params as { kiosk?: string }).kiosk ?? '';
      return isKiosk(kioskId, request.cookies[KIOSK_COOKIE] ?? '') ? {} : { failure: { code: 'E-STAFF-0103' } };
    }
    const account = callerOf(request);
    if (!account) return { failure: { code: 'E-STAFF-0103' } };
    const allowed = anyArea
      ? account.grants.some(({ area }) => may(account.grants, access, area))
      : may(account.grants, access);
    return allowed ? { account } : { failure: { code: 'E-STAFF-0104' } };
  };

  return {
    route: (route) => {
      server.route({
        method: route.method,
        url: route.url,
        handler: async (request, reply) => {
          const { failure: refused, account } = admit(route.access, route.anyArea ?? false, request);
          if (refused) return problem(reply, refused);
          const params = (route.params ?? nothing).safeParse(route.params ? request.params : undefined);
          const query = (route.query ?? nothing).safeParse(route.query ? request.query : undefined);
          const body = (route.body ?? nothing).safeParse(route.body ? request.body : undefined);
          const wrong = [params, query, body].find((part) => !part.success)?.error;
          if (wrong) return problem(reply, { code: 'E-API-0101', detail: z.prettifyError(wrong) });
          const answer = await route.handler({
            params: params.data as never,
            query: query.data as never,
            body: body.data as never,
            staff: account as never,
            request,
            reply,
          });
          if (reply.sent) return reply;
          if (isResult(answer)) return answer.ok ? send(reply, answer.value) : problem(reply, answer.error);
          return send(reply, answer);
        },
      });
    },
  };
}

function send(reply: FastifyReply, value: unknown): FastifyReply {
  return value === undefined ? reply.code(204).send() : reply.send(value);
}

/** Answers with RFC 9457 problem details; `code` is ours, `title` is filled in by the page in the reader's language. */
export function problem(reply: FastifyReply, { code, detail }: Failure): FastifyReply {
  return reply
    .code(statusOf(code))
    .type('application/problem+json')
    .send({ type: 'about:blank', status: statusOf(code), code, ...(detail !== undefined && { detail }) });
}

const STATUS: Readonly<Partial<Record<Code, number>>> = {
  'E-STAFF-0101': 401,
  'E-STAFF-0102': 429,
  'E-AGENT-0206': 429,
  'E-STAFF-0103': 401,
  'E-STAFF-0104': 403,
  'E-API-0102': 404,
  'E-API-0103': 500,
  'E-API-0104': 403,
  'E-API-0105': 429,
  'E-API-0106': 503,
  'E-API-0108': 413,
  'E-ATT-0101': 404,
  'E-ATT-0102': 404,
  'E-ATT-0103': 404,
  'E-ATT-0104': 404,
  'E-ATT-0201': 404,
  'E-ATT-0202': 404,
  'E-ATT-0205': 404,
  'E-CUST-0101': 404,
  'E-CUST-0201': 404,
  'E-CUST-0302': 404,
  'E-CUST-0412': 404,
  'E-CUST-0605': 403,
  'E-CUST-0701': 404,
  'E-CUST-0707': 404,
  'E-CUST-0708': 404,
  'E-CUST-0709': 429,
  'E-CUST-0801': 404,
  'E-DEV-0403': 404,
  'E-DEV-0406': 400,
  'E-DEV-0421': 404,
  'E-DEV-0415': 404,
  'E-FW-0103': 404,
  'E-FW-0201': 404,
  'E-GATE-0202': 404,
  'E-GATE-0203': 404,
  'E-GATE-0242': 404,
  'E-GATE-0244': 503,
  'E-QUEUE-0101': 404,
  'E-QUEUE-0102': 404,
  'E-QUEUE-0107': 404,
  'E-QUEUE-0114': 429,
  'E-QUEUE-0201': 404,
  'E-QUEUE-0208': 404,
  'E-REQ-0101': 404,
  'E-STAFF-0108': 404,
};

/** What is refused by a rule rather than by its form is a conflict with how things stand. */
function statusOf(code: Code): number {
  return STATUS[code] ?? (code === 'E-API-0101' ? 400 : 409);
}

function isResult(value: unknown): value is Result<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'ok' in value &&
    typeof value.ok === 'boolean' &&
    ('value' in value || 'error' in value)
  );
}
