import { failure } from '@hallhub/sync/base';
import { z } from 'zod';
import type { Api } from '../../api/api.ts';
import { may } from '../../staff/index.ts';
import type { Gates } from '../service.ts';

/** Terminals that let people through by themselves: how far each is from what it should have. Nothing here names a person. */
export function terminalRoutes(api: Api, { gates }: { readonly gates: Gates }): void {
  api.route({
    method: 'GET',
    url: '/api/gates/terminals',
    access: ['operator', 'guard', 'auditor'],
    anyArea: true,
    handler: ({ staff }) =>
      gates.terminals().filter(({ area }) => may(staff.grants, ['operator', 'guard', 'auditor'], area)),
  });
  api.route({
    method: 'POST',
    url: '/api/gates/terminals/:id/put-all-again',
    access: ['operator'],
    anyArea: true,
    params: z.object({ id: z.string().max(63) }),
    handler: ({ staff, params }) => {
      const terminal = gates.terminals().find(({ deviceId }) => deviceId === params.id);
      return terminal && may(staff.grants, ['operator'], terminal.area)
        ? gates.putAllAgain(params.id, staff.id)
        : failure('E-GATE-0203', params.id);
    },
  });
}
