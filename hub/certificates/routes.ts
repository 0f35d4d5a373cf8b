import { z } from 'zod';
import type { Api } from '../api/api.ts';
import { maskName } from '../vault/index.ts';
import type { CertificateService } from './ports.ts';

/** What staff see of certificates and prints, and decide about them. */
export function certificateRoutes(api: Api, { certificates }: { readonly certificates: CertificateService }): void {
  api.route({
    method: 'GET',
    url: '/api/certificates',
    access: ['counter', 'auditor'],
    handler: () => certificates.listAll(200).map((view) => ({ ...view, studentName: maskName(view.studentName) })),
  });
  api.route({
    method: 'GET',
    url: '/api/certificates/jobs',
    access: ['counter', 'auditor'],
    handler: () => certificates.jobs(),
  });
  api.route({
    method: 'GET',
    url: '/api/certificates/printers',
    access: ['counter', 'auditor'],
    handler: () => certificates.printers(),
  });
  api.route({
    method: 'POST',
    url: '/api/certificates/jobs/:id/cancel',
    access: ['counter'],
    params: z.object({ id: z.string().max(64) }),
    body: z.object({ reason: z.string().trim().min(2).max(200) }),
    handler: ({ params, body, staff }) => certificates.cancel(params.id, staff.id, body.reason),
  });
  api.route({
    method: 'POST',
    url: '/api/certificates/jobs/:id/resolve',
    access: ['counter'],
    params: z.object({ id: z.string().max(64) }),
    body: z.object({ copiesFound: z.int().min(0).max(99), reason: z.string().trim().min(2).max(200) }),
    handler: ({ params, body, staff }) =>
      certificates.resolveUncertain(params.id, { copiesFound: body.copiesFound }, staff.id, body.reason),
  });
  api.route({
    method: 'POST',
    url: '/api/certificates/jobs/:id/spoiled',
    access: ['counter'],
    params: z.object({ id: z.string().max(64) }),
    body: z.object({ copies: z.int().min(1).max(99), reason: z.string().trim().min(2).max(200) }),
    handler: ({ params, body, staff }) => certificates.giveBackSpoiled(params.id, body.copies, staff.id, body.reason),
  });
  api.route({
    method: 'POST',
    url: '/api/certificates/:id/make-again',
    access: ['counter'],
    params: z.object({ id: z.string().max(128) }),
    body: z.object({ reason: z.string().trim().min(2).max(200) }),
    handler: ({ params, body, staff }) => certificates.makeAgain(params.id, staff.id, body.reason),
  });
}
