import { z } from 'zod';
import type { Api } from '../api/api.ts';
import { KIOSK_COOKIE, problem } from '../api/api.ts';
import type { Live } from '../api/live.ts';
import type { CertificateService } from '../certificates/index.ts';
import type { Kiosks } from './service.ts';

const kiosk = z.object({ kiosk: z.string() });

/** What the page of one kiosk may do; nothing here shows one person the papers of another. */
export function kioskRoutes(
  api: Api,
  deps: {
    readonly kiosks: Kiosks;
    readonly certificates: CertificateService;
    readonly live: Live;
    readonly secure: boolean;
  },
): void {
  const { kiosks, certificates, live } = deps;

  kiosks.onChange((id) => {
    const view = kiosks.view(id);
    if (view.ok) live.publish(`kiosk/${id}`, view.value);
  });
  certificates.onChange(({ certificateId, attemptId }) => {
    const job = attemptId === undefined ? undefined : certificates.job(attemptId);
    const printsHere = job && kiosks.list().find(({ printer }) => printer === job.printerId);
    if (printsHere) live.publish(`kiosk/${printsHere.id}`, { job });
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
      live.stream(request, reply, ({ topic }) => topic === `kiosk/${params.kiosk}`);
    },
  });
  api.route({
    method: 'GET',
    url: '/api/kiosks/:kiosk/certificates',
    access: 'kiosk',
    params: kiosk,
    handler: ({ params }) => {
      const student = kiosks.student(params.kiosk);
      return student.ok ? certificates.list(student.value) : student;
    },
  });
  api.route({
    method: 'GET',
    url: '/api/kiosks/:kiosk/certificates/:id/document',
    access: 'kiosk',
    params: kiosk.extend({ id: z.string() }),
    handler: ({ params, reply }) => {
      const student = kiosks.student(params.kiosk);
      if (!student.ok) return student;
      const document = certificates.document(params.id, { kind: 'student', student: student.value });
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
    handler: async ({ params, body }) => {
      const student = kiosks.student(params.kiosk);
      const here = kiosks.list().find(({ id }) => id === params.kiosk);
      if (!student.ok || !here) return student;
      return certificates.print(body.certificateId, here.printer, body.copies, {
        kind: 'student',
        student: student.value,
      });
    },
  });
  api.route({
    method: 'POST',
    url: '/api/kiosks/:kiosk/leave',
    access: 'kiosk',
    params: kiosk,
    handler: ({ params }) => {
      kiosks.leave(params.kiosk);
    },
  });
}
