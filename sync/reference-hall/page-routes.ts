import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock, Result } from '../base/index.ts';
import { instant, whereWrong } from '../contract/index.ts';
import type { Access } from '../hall-server/index.ts';
import { hallCodes } from './codes.ts';
import type { Faults } from './faults.ts';
import type { HallInbox } from './inbox.ts';
import type { SigningKey } from '../hall-server/index.ts';
import type { HallRequests } from './requests.ts';

export interface PageDependencies {
  readonly access: Access;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly inbox: HallInbox;
  readonly key: SigningKey;
  readonly requests: HallRequests;
  readonly subscribe: (listener: () => void) => () => void;
}

const applicationBody = z.object({
  kind: z.string(),
  validFrom: instant,
  validUntil: instant,
  data: z.record(z.string(), z.unknown()),
});
const reasonBody = z.object({ reason: z.string().trim().max(200).default('') });
const idParams = z.object({ id: z.string() });
const faultsBody = z
  .object({
    unreachable: z.boolean(),
    delayMs: z.int().min(0).max(120_000),
    status: z.int().min(0).max(599),
    retryAfterSeconds: z.int().min(0).max(3_600),
    answer: z.enum(['whole', 'cut', 'html', 'half-json', 'forged']),
    path: z.string().max(100),
  })
  .partial();

/**
 * What the hall's own page talks to. The page has no login: the hall is for demo and tests and listens on loopback; the
 * page's guard keeps other sites out.
 */
export function pageRoutes(app: FastifyInstance, deps: PageDependencies): void {
  const { access, clock, faults, inbox, requests } = deps;

  app.get('/state', () => ({
    now: clock.now(),
    key: { keyId: deps.key.keyId, publicKey: deps.key.publicKey },
    requests: requests.list(200),
    events: inbox.list({ limit: 200 }),
    deadLetters: inbox.list({ limit: 100, status: 'rejected' }),
    hubs: access.seen(),
    faults: faults.settings,
  }));

  app.get('/changes', (request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    reply.raw.write('retry: 1000\n\ndata: changed\n\n');
    const cancel = deps.subscribe(() => reply.raw.write('data: changed\n\n'));
    request.raw.on('close', cancel);
  });

  app.post('/requests', (request) => {
    const body = applicationBody.safeParse(request.body);
    return outcome(
      body.success
        ? requests.apply(body.data)
        : { ok: false, error: { code: 'E-HALL-0101', detail: whereWrong(body.error) } },
    );
  });
  app.post('/requests/:id/approve', (request) => outcome(requests.approve(idParams.parse(request.params).id)));
  for (const act of ['revoke', 'decline'] as const) {
    app.post(`/requests/:id/${act}`, (request) => {
      const { reason } = reasonBody.parse(request.body ?? {});
      return outcome(requests[act](idParams.parse(request.params).id, reason));
    });
  }
  app.put('/faults', (request) => {
    const change = faultsBody.parse(request.body);
    faults.set(Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)));
    return faults.settings;
  });
}

function outcome(result: Result<unknown>) {
  if (result.ok) return { ok: true, value: result.value };
  const { code, detail } = result.error;
  return { ok: false, code, detail, text: (hallCodes as Readonly<Record<string, unknown>>)[code] };
}
