import { z } from 'zod';
import type { Api } from '../api/api.ts';
import type { SelfService } from './compose.ts';

const params = z.object({ kiosk: z.string() });
const card = z.object({ id: z.string().max(32) });
const pin = z.string().regex(/^\d{6,12}$/, 'six to twelve digits');

/** The kiosks for those who look after them from afar, and the cards with which they open them. */
export function kioskFleetRoutes(api: Api, { fleet, upkeep, serviceCards }: SelfService): void {
  api.route({ method: 'GET', url: '/api/kiosk-fleet', access: ['operator', 'counter', 'auditor'], handler: fleet });
  api.route({
    method: 'POST',
    url: '/api/kiosk-fleet/:kiosk/out-of-service',
    access: ['operator', 'counter'],
    params,
    body: z.object({ out: z.boolean(), note: z.string().trim().max(200).optional() }),
    handler: ({ params: { kiosk }, body: { out, note }, staff }) =>
      upkeep.setOutOfService(kiosk, out, note, `staff:${staff.id}`),
  });
  api.route({
    method: 'POST',
    url: '/api/kiosk-fleet/:kiosk/refill',
    access: ['operator', 'counter'],
    params,
    body: z.object({
      supply: z.enum(['paper', 'toner', 'receipt-paper']),
      sheets: z.int().min(1).max(5_000).exactOptional(),
    }),
    handler: ({ params: { kiosk }, body, staff }) => upkeep.refill(kiosk, body, `staff:${staff.id}`),
  });
  api.route({
    method: 'GET',
    url: '/api/kiosk-fleet/service-cards',
    access: ['operator', 'auditor'],
    handler: () => serviceCards.list(),
  });
  api.route({
    method: 'POST',
    url: '/api/kiosk-fleet/service-cards',
    access: ['operator'],
    body: z.object({
      account: z.string().max(64),
      type: z.enum(['uid', 'resident-id']),
      text: z.string().trim().min(4).max(64),
      label: z.string().trim().min(1).max(40),
      pin,
    }),
    handler: ({ body: { account, ...card }, staff }) => serviceCards.add(card, account, `staff:${staff.id}`),
  });
  api.route({
    method: 'POST',
    url: '/api/kiosk-fleet/service-cards/:id/pin',
    access: ['operator'],
    params: card,
    body: z.object({ pin }),
    handler: ({ params: { id }, body, staff }) => serviceCards.setPin(id, body.pin, `staff:${staff.id}`),
  });
  api.route({
    method: 'DELETE',
    url: '/api/kiosk-fleet/service-cards/:id',
    access: ['operator'],
    params: card,
    handler: ({ params: { id }, staff }) => serviceCards.remove(id, `staff:${staff.id}`),
  });
}
