import { z } from 'zod';
import type { Api } from '../api/api.ts';
import { problem } from '../api/api.ts';
import type { Live } from '../api/live.ts';
import type { CertificateService } from '../certificates/index.ts';
import type { SelfService } from './compose.ts';
import { KIOSK_COOKIE } from './edge/cookie.ts';

const kiosk = z.object({ kiosk: z.string() });
const number = z.string().trim().min(1).max(32);

/** What the screens of one kiosk may do (`contract.ts`); nothing here shows one person the papers of another. */
export function kioskRoutes(
  api: Api,
  deps: {
    readonly selfService: SelfService;
    readonly certificates: CertificateService;
    readonly live: Live;
    readonly secure: boolean;
  },
): void {
  const { certificates, live } = deps;
  const { kiosks, printing } = deps.selfService;

  kiosks.onChange((id) => {
    const view = kiosks.view(id);
    if (view.ok) live.publish(`kiosk/${id}`, view.value);
  });
  certificates.onChange(({ certificateId, attemptId }) => {
    const job = attemptId === undefined ? undefined : certificates.job(attemptId);
    for (const { id, printer } of job ? kiosks.list() : []) {
      if (printer !== job?.printerId) continue;
      live.publish(`kiosk/${id}`, { job });
      kiosks.look(id);
    }
    live.publish('prints', { certificateId, ...(job && { job }) });
  });

  api.route({
    method: 'POST',
    url: '/api/kiosks/:kiosk/session',
    access: 'public',
    params: kiosk,
    body: z.object({ token: z.string().max(200) }),
    handler: ({ params, body, reply }) => {
      if (!kiosks.isKiosk(params.kiosk, body.token)) return problem(reply, { code: 'E-STAFF-0103' });
      reply.setCookie(KIOSK_COOKIE, body.token, {
        path: '/api/kiosks',
        httpOnly: true,
        sameSite: 'strict',
        secure: deps.secure,
        maxAge: 31_536_000,
      });
      return undefined;
    },
  });
  api.route({
    method: 'GET',
    url: '/api/kiosks/:kiosk',
    access: 'kiosk',
    params: kiosk,
    handler: ({ params }) => kiosks.view(params.kiosk),
  });
  api.route({
    method: 'GET',
    url: '/api/kiosks/:kiosk/events',
    access: 'kiosk',
    params: kiosk,
    handler: ({ params, request, reply }) => {
      live.stream(
        request,
        reply,
        ({ topic }) => topic === `kiosk/${params.kiosk}` || topic === `kiosk/${params.kiosk}/queue`,
      );
    },
  });
  api.route({
    method: 'POST',
    url: '/api/kiosks/:kiosk/identify/pick-up',
    access: 'kiosk',
    params: kiosk,
    body: z.object({ code: z.string().max(64) }),
    handler: ({ params, body }) => kiosks.pickUp(params.kiosk, body.code),
  });
  api.route({
    method: 'POST',
    url: '/api/kiosks/:kiosk/identify/number',
    access: 'kiosk',
    params: kiosk,
    body: z.object({ number }),
    handler: ({ params, body }) => kiosks.sendOneTime(params.kiosk, body.number),
  });
  api.route({
    method: 'POST',
    url: '/api/kiosks/:kiosk/identify/one-time',
    access: 'kiosk',
    params: kiosk,
    body: z.object({ number, code: z.string().trim().max(16) }),
    handler: ({ params, body }) => kiosks.takeOneTime(params.kiosk, body.number, body.code),
  });
  api.route({
    method: 'GET',
    url: '/api/kiosks/:kiosk/certificates',
    access: 'kiosk',
    params: kiosk,
    handler: ({ params }) => printing.certificates(params.kiosk),
  });
  api.route({
    method: 'GET',
    url: '/api/kiosks/:kiosk/certificates/:id/document',
    access: 'kiosk',
    params: kiosk.extend({ id: z.string() }),
    handler: ({ params, reply }) => {
      const document = printing.document(params.kiosk, params.id);
      return document.ok
        ? reply.type('application/pdf').header('cache-control', 'no-store').send(Buffer.from(document.value))
        : document;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/kiosks/:kiosk/print',
    access: 'kiosk',
    params: kiosk,
    body: z.object({ certificateId: z.string().max(128), copies: z.int().min(1).max(20) }),
    handler: ({ params, body }) => printing.print(params.kiosk, body.certificateId, body.copies),
  });
  api.route({
    method: 'GET',
    url: '/api/kiosks/:kiosk/jobs/:id',
    access: 'kiosk',
    params: kiosk.extend({ id: z.string().max(64) }),
    handler: ({ params }) => printing.job(params.kiosk, params.id),
  });
  api.route({
    method: 'POST',
    url: '/api/kiosks/:kiosk/jobs/:id/receipt',
    access: 'kiosk',
    params: kiosk.extend({ id: z.string().max(64) }),
    handler: ({ params }) => printing.receipt(params.kiosk, params.id),
  });
  for (const act of ['touch', 'leave'] as const)
    api.route({
      method: 'POST',
      url: `/api/kiosks/:kiosk/${act}`,
      access: 'kiosk',
      params: kiosk,
      handler: ({ params }) => {
        kiosks[act](params.kiosk);
      },
    });
}
