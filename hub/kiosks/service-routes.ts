import { z } from 'zod';
import type { Api } from '../api/api.ts';
import type { SelfService } from './compose.ts';

const params = z.object({ kiosk: z.string() });
const supply = z.enum(['paper', 'toner', 'receipt-paper']);

/** What staff may do at the screen of a kiosk, once a service card and its PIN have opened it. */
export function kioskServiceRoutes(api: Api, { kiosks, upkeep }: SelfService): void {
  const base = '/api/kiosks/:kiosk/service';
  /** Does it as whoever has opened the service. */
  const asStaff = <T>(kioskId: string, act: (by: string) => T) => {
    const serving = kiosks.serving(kioskId);
    return serving.ok ? act(`staff:${serving.value.accountId}`) : serving;
  };
  api.route({
    method: 'POST',
    url: `${base}/enter`,
    access: 'kiosk',
    params,
    body: z.object({ pin: z.string().min(4).max(12) }),
    handler: ({ params: { kiosk }, body }) => kiosks.enterService(kiosk, body.pin),
  });
  api.route({
    method: 'POST',
    url: `${base}/leave`,
    access: 'kiosk',
    params,
    handler: ({ params: { kiosk } }) => {
      kiosks.leaveService(kiosk);
    },
  });
  api.route({
    method: 'GET',
    url: `${base}/devices`,
    access: 'kiosk',
    params,
    handler: ({ params: { kiosk } }) => asStaff(kiosk, (by) => upkeep.devices(kiosk, by)),
  });
  api.route({
    method: 'POST',
    url: `${base}/test-page`,
    access: 'kiosk',
    params,
    handler: ({ params: { kiosk } }) => asStaff(kiosk, (by) => upkeep.testPage(kiosk, by)),
  });
  api.route({
    method: 'POST',
    url: `${base}/restart`,
    access: 'kiosk',
    params,
    handler: ({ params: { kiosk } }) => asStaff(kiosk, (by) => upkeep.restart(kiosk, by)),
  });
  api.route({
    method: 'POST',
    url: `${base}/refill`,
    access: 'kiosk',
    params,
    body: z.object({ supply, sheets: z.int().min(1).max(5_000).exactOptional() }),
    handler: ({ params: { kiosk }, body }) => asStaff(kiosk, (by) => upkeep.refill(kiosk, body, by)),
  });
  api.route({
    method: 'POST',
    url: `${base}/out-of-service`,
    access: 'kiosk',
    params,
    body: z.object({ out: z.boolean(), note: z.string().trim().max(200).optional() }),
    handler: ({ params: { kiosk }, body: { out, note } }) =>
      asStaff(kiosk, (by) => upkeep.setOutOfService(kiosk, out, note, by)),
  });
  api.route({
    method: 'GET',
    url: `${base}/log`,
    access: 'kiosk',
    params,
    handler: ({ params: { kiosk }, reply }) =>
      asStaff(kiosk, (by) => {
        const text = upkeep.log(kiosk, by);
        return text.ok ? reply.type('text/plain; charset=utf-8').send(text.value) : text;
      }),
  });
}
