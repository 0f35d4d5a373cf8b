import type { Clock } from '@hallhub/sync/base';
import { epochMs, ok, uuidv7 } from '@hallhub/sync/base';
import { z } from 'zod';
import type { Api } from '../api/api.ts';
import type { Role } from '../staff/index.ts';
import type { Lockers } from './compose.ts';
import { createViews } from './views.ts';

const READ: readonly Role[] = ['courier', 'auditor'];
const WORK: readonly Role[] = ['courier'];
const id = z.string().min(1).max(96);
const idParam = z.object({ id });
const doorParam = z.object({ id, compartment: id });

/** Cabinets and their doors, reconciliations, forms that were handed in, and the peers (`contract.ts`). */
export function lockerOperatorRoutes(
  api: Api,
  { lockers, clock }: { readonly lockers: Lockers; readonly clock: Pick<Clock, 'now'> },
): void {
  const views = createViews(lockers, () => clock.now());
  const { cabinets, doors, forms, reconciliation } = lockers;

  api.route({ method: 'GET', url: '/api/lockers/cabinets', access: READ, handler: () => views.cabinets() });
  api.route({
    method: 'GET',
    url: '/api/lockers/cabinets/:id/doors/:compartment',
    access: READ,
    params: doorParam,
    handler: ({ params }) => doors.events(params.id, params.compartment, 200),
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/cabinets/:id/doors/:compartment',
    access: WORK,
    params: doorParam,
    body: z.object({
      what: z.enum(['checked', 'out-of-use']),
      why: z.string().trim().min(1).max(100).default('staff'),
    }),
    handler: ({ params, body, staff }) => {
      const found = cabinets.get(params.id);
      if (!found.ok) return found;
      const now = epochMs(clock.now());
      const what =
        body.what === 'checked' ? ({ kind: 'checked' } as const) : ({ kind: 'out-of-use', why: body.why } as const);
      const door = { cabinet: params.id, compartment: params.compartment };
      return cabinets.report({ ...door, id: uuidv7(now), at: now, by: `staff:${staff.id}`, what });
    },
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/cabinets/:id/check',
    access: WORK,
    params: idParam,
    handler: ({ params, staff }) => reconciliation.begin(params.id, `staff:${staff.id}`),
  });
  api.route({
    method: 'GET',
    url: '/api/lockers/checks/:id',
    access: READ,
    params: idParam,
    handler: ({ params }) => reconciliation.get(params.id),
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/checks/:id/doors/:compartment',
    access: WORK,
    params: doorParam,
    body: z.object({ found: z.enum(['empty', 'expected', 'other', 'stuck']), item: id.exactOptional() }),
    handler: ({ params, body, staff }) => reconciliation.note(params.id, params.compartment, body, `staff:${staff.id}`),
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/checks/:id/end',
    access: WORK,
    params: idParam,
    handler: ({ params, staff }) => reconciliation.end(params.id, `staff:${staff.id}`),
  });
  api.route({
    method: 'GET',
    url: '/api/lockers/cabinets/:id/batches',
    access: READ,
    params: idParam,
    handler: ({ params }) => {
      const found = cabinets.get(params.id);
      return found.ok ? ok(forms.batches(params.id, 50)) : found;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/cabinets/:id/forms',
    access: WORK,
    params: idParam,
    body: z.object({ form: id, type: z.string().min(1).max(16), at: z.int().exactOptional() }),
    handler: ({ params, body }) => {
      const found = cabinets.get(params.id);
      const at = epochMs(body.at ?? clock.now());
      return found.ok ? forms.accept({ cabinet: params.id, form: body.form, type: body.type, sure: true, at }) : found;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/batches/:id/close',
    access: WORK,
    params: idParam,
    handler: ({ params, staff }) => forms.close(params.id, `staff:${staff.id}`),
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/batches/:id/count',
    access: WORK,
    params: idParam,
    body: z.object({ forms: z.array(id).max(2_000) }),
    handler: ({ params, body, staff }) => forms.count(params.id, body.forms, `staff:${staff.id}`),
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/forms/:id/give-back',
    access: WORK,
    params: idParam,
    handler: ({ params, staff }) => forms.giveBack(params.id, `staff:${staff.id}`),
  });
  api.route({
    method: 'GET',
    url: '/api/lockers/runs/:id/code',
    access: WORK,
    params: idParam,
    query: z.object({ box: id, stop: z.enum(['start', 'end']) }),
    handler: ({ params, query }) => lockers.runs.code(params.id, query.box, query.stop),
  });
  api.route({
    method: 'GET',
    url: '/api/lockers/verify',
    access: ['operator', 'auditor'],
    handler: () => lockers.chain.verify(),
  });
  api.route({ method: 'GET', url: '/api/lockers/key', access: ['operator', 'auditor'], handler: () => lockers.key });
  api.route({
    method: 'GET',
    url: '/api/lockers/peers',
    access: READ,
    handler: () =>
      lockers.config.peers.map(({ hub, label }) => {
        const trouble = lockers.peers.trouble(hub);
        const heardAt = lockers.peerStore.get(hub)?.heardAt ?? null;
        return { hub, label, heardAt, ...(trouble !== undefined && { trouble }) };
      }),
  });
}
