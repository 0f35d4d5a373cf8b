import { z } from 'zod';
import type { Api } from '../api/api.ts';
import type { Audit } from './service.ts';

/** Reading and checking the audit log. */
export function auditRoutes(api: Api, { audit }: { readonly audit: Audit }): void {
  api.route({
    method: 'GET',
    url: '/api/audit',
    access: ['auditor'],
    query: z.object({
      limit: z.coerce.number().int().min(1).max(500).default(100),
      before: z.coerce.number().int().optional(),
    }),
    handler: ({ query }) =>
      audit.list({ limit: query.limit, ...(query.before !== undefined && { before: query.before }) }),
  });
  api.route({ method: 'GET', url: '/api/audit/verify', access: ['auditor'], handler: () => audit.verify() });
}
