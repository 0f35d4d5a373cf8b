import type { Result } from '@hallhub/sync/base';
import { failure, hours, ok, plus } from '@hallhub/sync/base';
import type { Clock } from '@hallhub/sync/base';
import { accessHostSchema, personDocumentSchema } from '@hallhub/sync/contract';
import type { FastifyRequest } from 'fastify';
import { toString as drawQr } from 'qrcode';
import { z } from 'zod';
import type { Api } from '../../api/api.ts';
import { orderKeyOf } from '../../api/order-key.ts';
import type { Live } from '../../api/live.ts';
import type { Account } from '../../staff/index.ts';
import { may } from '../../staff/index.ts';
import type { Gates } from '../service.ts';
import { ADMIT_REASONS } from '../service.ts';
import type { Desk } from './service.ts';

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
const gate = z.object({ gate: id });
const area = z.object({ area: id });
const scope = z.string().regex(/^(?:area|gate):[a-z0-9][a-z0-9-]{0,62}$/);
const requestId = z.string().trim().min(1).max(128);

/** What a guard does at a desk or on a tablet; each only in the areas where they hold the role. */
export function deskRoutes(
  api: Api,
  {
    gates,
    desk,
    live,
    clock,
  }: { readonly gates: Gates; readonly desk: Desk; readonly live: Live; readonly clock: Pick<Clock, 'now'> },
): void {
  const areaOf = (gateId: string): string | undefined => gates.gates().find(({ id: known }) => known === gateId)?.area;
  const tell = (areaId: string | undefined): void => {
    if (areaId !== undefined) live.publish('gate-desk', {}, areaId);
  };
  desk.onChange((gateId) => {
    tell(areaOf(gateId));
  });
  gates.onAlarm(({ gateId }) => {
    tell(areaOf(gateId));
  });

  const acts = (staff: Account, areaId: string | undefined): boolean =>
    areaId !== undefined && may(staff.grants, ['guard'], areaId);
  const looks = (staff: Account, areaId: string): boolean => may(staff.grants, ['guard', 'auditor'], areaId);
  /** Carries an order out once, and only in the guard's own areas. A gate elsewhere is as unknown as one that never was. */
  const order = <T>(
    call: { readonly staff: Account; readonly request: FastifyRequest },
    gateId: string,
    about: unknown,
    act: () => Result<T> | Promise<Result<T>>,
  ): Promise<Result<T>> | Result<T> => {
    if (!acts(call.staff, areaOf(gateId))) return failure('E-GATE-0203', gateId);
    const named = orderKeyOf(call.request);
    return named.ok ? desk.once.run({ id: call.staff.id, key: named.value }, about, act) : named;
  };

  api.route({
    method: 'GET',
    url: '/api/gates/desk',
    access: ['guard', 'auditor'],
    anyArea: true,
    handler: ({ staff }) =>
      desk.view({ mayLook: (areaId) => looks(staff, areaId), mayAct: (areaId) => acts(staff, areaId) }),
  });
  api.route({
    method: 'POST',
    url: '/api/gates/:gate/admit',
    access: ['guard'],
    anyArea: true,
    params: gate,
    body: z.object({ entryId: z.string().max(64).optional(), reason: z.enum(ADMIT_REASONS) }),
    handler: ({ params, body, staff, request }) =>
      order({ staff, request }, params.gate, { admit: params.gate, ...body }, () =>
        gates.admit({ gateId: params.gate, ...body }, staff.id),
      ),
  });
  api.route({
    method: 'POST',
    url: '/api/gates/:gate/present',
    access: ['guard'],
    anyArea: true,
    params: gate,
    body: z.union([
      z.strictObject({ document: personDocumentSchema }),
      z.strictObject({ requestId, person: z.int().min(0) }),
    ]),
    handler: ({ params, body, staff, request }) =>
      order({ staff, request }, params.gate, { present: params.gate, body }, () =>
        desk.present(params.gate, body, staff.id),
      ),
  });
  api.route({
    method: 'POST',
    url: '/api/gates/:gate/walk-ins',
    access: ['guard'],
    anyArea: true,
    params: gate,
    body: z.object({
      people: z
        .array(z.object({ name: z.string().trim().min(1).max(100), document: personDocumentSchema }))
        .min(1)
        .max(50),
      companions: z.int().min(0).max(50).default(0),
      host: accessHostSchema,
      purpose: z.string().trim().min(1).max(500).optional(),
      hours: z.number().min(0.5).max(24),
    }),
    handler: ({ params, body: { hours: lasts, purpose, host, ...body }, staff, request }) =>
      order({ staff, request }, params.gate, { walkIn: params.gate, ...body, host, purpose, lasts }, () =>
        desk.registerWalkIn(
          {
            ...body,
            host: {
              name: host.name,
              ...(host.department !== undefined && { department: host.department }),
              ...(host.phone !== undefined && { phone: host.phone }),
            },
            ...(purpose !== undefined && { purpose }),
            gateId: params.gate,
            until: plus(clock.now(), hours(lasts)),
          },
          staff.id,
        ),
      ),
  });
  api.route({
    method: 'POST',
    url: '/api/gates/orders',
    access: ['guard'],
    anyArea: true,
    body: z.object({
      /** Several for a campus; all of them or, where one is not the guard's, none. */
      scopes: z.array(scope).min(1).max(200),
      standing: z.enum(['lock-down', 'open', 'as-scheduled']),
      confirmed: z.literal(true),
    }),
    handler: ({ body: { scopes, standing }, staff }) => {
      const areas = scopes.map((one) => (one.startsWith('area:') ? one.slice(5) : areaOf(one.slice(5))));
      const strange = scopes.find((_, index) => !acts(staff, areas[index]));
      if (strange !== undefined) return failure('E-GATE-0203', strange);
      const give = (one: string): Result<void> => {
        switch (standing) {
          case 'lock-down':
            return gates.lockDown(one, staff.id);
          case 'open':
            return gates.leaveOpen(one, staff.id);
          case 'as-scheduled':
            return gates.relax(one, staff.id);
        }
      };
      // One that burns does not keep the others from being locked: each is answered for itself.
      const answers = scopes.map((one) => ({ scope: one, given: give(one) }));
      for (const areaId of new Set(areas)) tell(areaId);
      const refused = answers.flatMap(({ scope: one, given }) =>
        given.ok ? [] : [{ scope: one, code: given.error.code }],
      );
      const [first] = answers;
      if (first && answers.length === 1 && !first.given.ok) return first.given;
      return refused.length === 0 ? ok() : ok({ refused });
    },
  });
  api.route({
    method: 'POST',
    url: '/api/gates/alarms/:alarm/seen',
    access: ['guard'],
    anyArea: true,
    params: z.object({ alarm: z.string().max(64) }),
    handler: ({ params, staff }) => {
      const alarm = gates.alarms({ limit: 500 }).find(({ id: known }) => known === params.alarm);
      const areaId = alarm && areaOf(alarm.gateId);
      if (!acts(staff, areaId)) return failure('E-GATE-0202', params.alarm);
      const seen = gates.seeAlarm(params.alarm, staff.id);
      tell(areaId);
      return seen;
    },
  });
  // A search names somebody: by POST, so that it stands in no address and no log of one.
  api.route({
    method: 'POST',
    url: '/api/gates/visitors/search',
    access: ['guard'],
    anyArea: true,
    body: z.union([
      z.strictObject({ name: z.string().trim().min(1).max(100) }),
      z.strictObject({ number: z.string().trim().min(5).max(20) }),
      z.strictObject({ plate: z.string().trim().min(4).max(16) }),
      z.strictObject({ requestId }),
    ]),
    handler: ({ body, staff }) => desk.find(body, staff.id),
  });
  api.route({
    method: 'POST',
    url: '/api/gates/visitors/code',
    access: ['guard'],
    anyArea: true,
    body: z.object({ requestId, person: z.int().min(0) }),
    handler: async ({ body, staff }) => {
      const code = desk.visitorCode(body.requestId, body.person, staff.id);
      if (!code.ok) return code;
      const svg = await drawQr(code.value.text, { type: 'svg', errorCorrectionLevel: 'M' });
      return ok({ ...code.value, svg });
    },
  });
  api.route({
    method: 'GET',
    url: '/api/gates/areas/:area/inside',
    access: ['guard', 'auditor'],
    anyArea: true,
    params: area,
    handler: ({ params, staff }) =>
      looks(staff, params.area) ? desk.inside(params.area) : failure('E-GATE-0203', params.area),
  });
  api.route({
    method: 'POST',
    url: '/api/gates/areas/:area/lists/:list',
    access: ['guard', 'auditor'],
    anyArea: true,
    params: z.object({ area: id, list: z.enum(['evacuation', 'expected']) }),
    handler: ({ params, staff }) =>
      looks(staff, params.area) ? desk.paper(params.list, params.area, staff.id) : failure('E-GATE-0203', params.area),
  });
}
