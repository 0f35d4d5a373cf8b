import { Readable } from 'node:stream';
import type { Cancel, Clock } from '@hallhub/sync/base';
import { ms } from '@hallhub/sync/base';
import { z } from 'zod';
import type { Api } from '../api/api.ts';
import { problem } from '../api/api.ts';
import type { Live } from '../api/live.ts';
import { MOST_DOWNLOADS, MOST_IMAGE_BYTES } from './limits.ts';
import { planSchema } from './plan.ts';
import { csvReport } from './report.ts';
import type { FirmwareService } from './service.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const image = z.object({ sha256 });
const rollout = z.object({ id: z.uuid() });
/** In base64, so that a chunk fits into the body of any other request. */
const CHUNK = 700_000;

const newImage = z.strictObject({
  sha256,
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, dots, hyphens and underscores'),
  version: z.string().trim().min(1).max(40),
  profiles: z.array(z.string().max(128)).min(1).max(50),
  models: z.array(z.string().trim().min(1).max(64)).max(20).default([]),
  size: z.int().min(1).max(MOST_IMAGE_BYTES),
});

/** Images, roll-outs and their reports; and the address from which devices fetch. */
export function firmwareRoutes(
  api: Api,
  { firmware, live, clock }: { readonly firmware: FirmwareService; readonly live: Live; readonly clock: Clock },
): void {
  const { images } = firmware;
  announce(firmware, live, clock);

  api.route({
    method: 'GET',
    url: '/api/firmware',
    access: ['operator', 'auditor'],
    handler: () => ({ images: images.list(), rollouts: firmware.rollouts() }),
  });
  api.route({
    method: 'POST',
    url: '/api/firmware/images',
    access: ['operator'],
    body: newImage,
    handler: ({ body, staff }) => images.begin(body, `staff:${staff.id}`),
  });
  api.route({
    method: 'POST',
    url: '/api/firmware/images/:sha256/bytes',
    access: ['operator'],
    params: image,
    body: z.strictObject({ start: z.int().min(0), bytes: z.base64().min(4).max(CHUNK) }),
    handler: ({ params, body, staff }) =>
      images.append(params.sha256, body.start, Buffer.from(body.bytes, 'base64'), `staff:${staff.id}`),
  });
  api.route({
    method: 'DELETE',
    url: '/api/firmware/images/:sha256',
    access: ['operator'],
    params: image,
    handler: ({ params, staff }) => images.remove(params.sha256, `staff:${staff.id}`),
  });
  api.route({
    method: 'GET',
    url: '/api/firmware/images/:sha256/devices',
    access: ['operator', 'auditor'],
    params: image,
    handler: ({ params }) => firmware.candidates(params.sha256),
  });
  api.route({
    method: 'POST',
    url: '/api/firmware/rollouts',
    access: ['operator'],
    body: z.strictObject({
      sha256,
      devices: z.array(z.string().max(63)).min(1).max(10_000).exactOptional(),
      plan: planSchema,
    }),
    handler: ({ body, staff }) => firmware.launch(body, `staff:${staff.id}`),
  });
  api.route({
    method: 'GET',
    url: '/api/firmware/rollouts/:id',
    access: ['operator', 'auditor'],
    params: rollout,
    handler: ({ params }) => firmware.rollout(params.id),
  });
  api.route({
    method: 'POST',
    url: '/api/firmware/rollouts/:id/:what',
    access: ['operator'],
    params: rollout.extend({ what: z.enum(['pause', 'resume', 'cancel']) }),
    handler: ({ params, staff }) => firmware.steer(params.id, params.what, `staff:${staff.id}`),
  });
  api.route({
    method: 'GET',
    url: '/api/firmware/rollouts/:id/report.csv',
    access: ['operator', 'auditor'],
    params: rollout,
    handler: ({ params, reply }) => {
      const found = firmware.rollout(params.id);
      if (!found.ok) return found;
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="rollout-${params.id}.csv"`)
        .send(csvReport(found.value));
    },
  });

  let downloads = 0;
  api.route({
    method: 'GET',
    url: '/firmware/:token/:name',
    access: 'public',
    params: z.object({ token: z.string().max(64), name: z.string().max(128) }),
    handler: ({ params, request, reply }) => {
      if (downloads >= MOST_DOWNLOADS) return problem(reply.header('retry-after', '30'), { code: 'E-API-0105' });
      const ifRange = request.headers['if-range'];
      const answer = firmware.downloads.answer({
        method: request.method,
        token: params.token,
        way: 'hub',
        range: request.headers.range,
        ifRange: typeof ifRange === 'string' ? ifRange : undefined,
      });
      if (!answer) return problem(reply, { code: 'E-API-0102' });
      reply.code(answer.status).headers(answer.headers);
      if (!answer.body) return reply.send();
      downloads += 1;
      reply.raw.once('close', () => {
        downloads -= 1;
      });
      return reply.send(Readable.from(answer.body));
    },
  });
}

/** Devices report their progress many times a second; a page needs it twice. */
function announce(firmware: FirmwareService, live: Live, clock: Clock): void {
  const waiting = new Map<string, Cancel>();
  firmware.onChange((id) => {
    if (waiting.has(id)) return;
    waiting.set(
      id,
      clock.after(ms(500), () => {
        waiting.delete(id);
        live.publish('firmware', { id });
      }),
    );
  });
}
