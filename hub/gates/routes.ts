import { failure } from '@hallhub/sync/base';
import { z } from 'zod';
import type { Api } from '../api/api.ts';
import type { Live } from '../api/live.ts';
import { may } from '../staff/index.ts';
import type { Account } from '../staff/index.ts';
import { CORRECTION_REASONS } from './occupancy.ts';
import type { Gates } from './service.ts';
import type { EntryView } from './views.ts';

/** What guards see: their gates, who came, why somebody was refused; who it was only by an audited look. */
export function gateRoutes(api: Api, { gates, live }: { readonly gates: Gates; readonly live: Live }): void {
  gates.onEntry((entry) => {
    live.publish('gates', entry, gates.gates().find(({ id }) => id === entry.gateId)?.area);
  });
  gates.onArea((area) => {
    live.publish('areas', area, area.id);
  });
  const mine = (staff: Account) => gates.gates().filter((gate) => may(staff.grants, ['guard', 'auditor'], gate.area));
  const visible = (staff: Account, entries: readonly EntryView[]): readonly EntryView[] => {
    const ids = new Set(mine(staff).map(({ id }) => id));
    return entries.filter(({ gateId }) => ids.has(gateId));
  };

  api.route({
    method: 'GET',
    url: '/api/gates',
    access: ['guard', 'auditor'],
    anyArea: true,
    handler: ({ staff }) => mine(staff),
  });
  api.route({
    method: 'GET',
    url: '/api/gates/entries',
    access: ['guard', 'auditor'],
    anyArea: true,
    query: z.object({
      limit: z.coerce.number().int().min(1).max(500).default(100),
      gate: z.string().max(63).optional(),
    }),
    handler: ({ staff, query: { limit, gate } }) =>
      visible(staff, gates.entries({ limit, ...(gate !== undefined && { gateId: gate }) })),
  });
  api.route({
    method: 'GET',
    url: '/api/gates/entries/:id/suggestions',
    access: ['guard'],
    anyArea: true,
    params: z.object({ id: z.string().max(64) }),
    handler: ({ staff, params }) =>
      gates.suggestions(params.id, { id: staff.id, mayLookIn: (area) => may(staff.grants, ['guard'], area) }),
  });
  api.route({
    method: 'GET',
    url: '/api/gates/areas',
    access: ['guard', 'auditor'],
    anyArea: true,
    handler: ({ staff }) => gates.areas().filter(({ id }) => may(staff.grants, ['guard', 'auditor'], id)),
  });
  api.route({
    method: 'POST',
    url: '/api/gates/areas/:id/count',
    access: ['guard'],
    anyArea: true,
    params: z.object({ id: z.string().max(63) }),
    body: z.strictObject({ inside: z.int().min(0).max(1_000_000), reason: z.enum(CORRECTION_REASONS) }),
    handler: ({ staff, params, body }) =>
      may(staff.grants, ['guard'], params.id)
        ? gates.correctCount({ area: params.id, ...body }, staff.id)
        : failure('E-GATE-0203', params.id),
  });
  api.route({
    method: 'POST',
    url: '/api/gates/entries/:id/look',
    access: ['guard'],
    anyArea: true,
    params: z.object({ id: z.string().max(64) }),
    handler: ({ staff, params }) =>
      gates.look(params.id, { id: staff.id, mayLookIn: (area) => may(staff.grants, ['guard'], area) }),
  });
}
