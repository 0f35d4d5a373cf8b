import { z } from 'zod';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Replica } from '@hallhub/sync/replica';
import type { Api } from '../api/api.ts';
import type { Live } from '../api/live.ts';
import type { Audit } from '../audit/index.ts';
import type { Requests } from '../requests/index.ts';

export interface HallRoutesDeps {
  readonly replica: Replica;
  readonly outbox: Outbox;
  readonly requests: Requests;
  readonly audit: Audit;
  readonly live: Live;
}

/** How the hub stands with the hall, and what an operator can do about events that the hall or the hub could not take. */
export function hallRoutes(api: Api, { replica, outbox, requests, audit, live }: HallRoutesDeps): void {
  const overview = () => ({
    replica: { ...replica.status(), staleness: finite(replica.staleness()) },
    outbox: outbox.status(),
    requests: requests.summary(),
  });
  const tell = (): void => {
    live.publish('hall', overview());
  };
  replica.subscribe(tell);
  outbox.subscribe(tell);
  const byStaff = (staff: { id: string }, action: string, subject: string): void => {
    audit.record({ actor: `staff:${staff.id}`, action, subject });
  };

  api.route({ method: 'GET', url: '/api/hall', access: ['operator', 'auditor', 'guard'], handler: overview });
  api.route({
    method: 'GET',
    url: '/api/requests',
    access: ['operator', 'auditor'],
    handler: () => requests.list(200),
  });
  api.route({
    method: 'GET',
    url: '/api/hall/troubles',
    access: ['operator', 'auditor'],
    handler: () => ({ deadLetters: outbox.deadLetters(200), quarantined: replica.quarantined(200) }),
  });
  api.route({
    method: 'POST',
    url: '/api/hall/verify',
    access: ['operator'],
    handler: async ({ staff }) => {
      byStaff(staff, 'hall.verify', 'hall');
      return replica.verify();
    },
  });

  const letter = z.object({ id: z.string().max(64), verb: z.enum(['retry', 'discard']) });
  api.route({
    method: 'POST',
    url: '/api/hall/dead-letters/:id/:verb',
    access: ['operator'],
    params: letter,
    handler: ({ params, staff }) => {
      byStaff(staff, `outbox.${params.verb}`, `event:${params.id}`);
      return { done: params.verb === 'retry' ? outbox.retry(params.id) : outbox.discard(params.id) };
    },
  });
  const change = z.object({ key: z.coerce.number().int(), verb: z.enum(['retry', 'discard']) });
  api.route({
    method: 'POST',
    url: '/api/hall/quarantine/:key/:verb',
    access: ['operator'],
    params: change,
    handler: ({ params, staff }) => {
      byStaff(staff, `quarantine.${params.verb}`, `change:${params.key}`);
      if (params.verb === 'retry') return replica.retry(params.key);
      replica.discard(params.key);
      return undefined;
    },
  });
}

/** JSON has no infinity: null says "never". */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
