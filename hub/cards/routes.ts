import { epochMs } from '@hallhub/sync/base';
import type { Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import { z } from 'zod';
import type { Api } from '../api/api.ts';
import type { Live } from '../api/live.ts';
import type { SelfService } from '../kiosks/index.ts';
import type { Cards } from './service.ts';

const kiosk = z.object({ kiosk: z.string() });
const order = kiosk.extend({ order: z.string().max(32) });

/** The campus card of the person at a kiosk, and the top-ups that staff must look at. `cards` is absent where no system is joined. */
export function cardRoutes(
  api: Api,
  {
    cards,
    selfService,
    live,
  }: { readonly cards: Cards | undefined; readonly selfService: SelfService; readonly live: Live },
): void {
  cards?.onChange(() => {
    live.publish('top-ups', {});
  });
  const base = '/api/kiosks/:kiosk/card';
  /** Whose card it is that is asked for: theirs who stands there, and nobody else's. */
  const here = (kioskId: string): Result<{ readonly cards: Cards; readonly number: string }> => {
    if (!cards) return failure('E-PAY-0207');
    const person = selfService.kiosks.person(kioskId);
    if (!person.ok) return person;
    const { number } = person.value.session.known;
    return number === undefined ? failure('E-PAY-0101') : ok({ cards, number });
  };
  api.route({
    method: 'GET',
    url: base,
    access: 'kiosk',
    params: kiosk,
    handler: ({ params }) => {
      const asked = here(params.kiosk);
      return asked.ok ? asked.value.cards.card(asked.value.number) : asked;
    },
  });
  api.route({
    method: 'GET',
    url: `${base}/transactions`,
    access: 'kiosk',
    params: kiosk,
    query: z.object({ before: z.coerce.number().int().min(0).optional() }),
    handler: ({ params, query: { before } }) => {
      const asked = here(params.kiosk);
      if (!asked.ok) return asked;
      return asked.value.cards.transactions(asked.value.number, before === undefined ? undefined : epochMs(before));
    },
  });
  api.route({
    method: 'POST',
    url: `${base}/lost`,
    access: 'kiosk',
    params: kiosk,
    handler: ({ params }) => {
      const asked = here(params.kiosk);
      return asked.ok ? asked.value.cards.reportLost(asked.value.number) : asked;
    },
  });
  api.route({
    method: 'POST',
    url: `${base}/top-ups`,
    access: 'kiosk',
    params: kiosk,
    body: z.object({ amount: z.int().min(1).max(1_000_000) }),
    handler: ({ params, body }) => {
      const asked = here(params.kiosk);
      return asked.ok ? asked.value.cards.topUp(asked.value.number, body.amount, params.kiosk) : asked;
    },
  });
  api.route({
    method: 'GET',
    url: `${base}/top-ups/:order`,
    access: 'kiosk',
    params: order,
    handler: ({ params }) => cards?.order(params.order, params.kiosk) ?? failure('E-PAY-0207'),
  });
  api.route({
    method: 'POST',
    url: `${base}/top-ups/:order/cancel`,
    access: 'kiosk',
    params: order,
    handler: ({ params }) => cards?.cancel(params.order, params.kiosk) ?? failure('E-PAY-0207'),
  });
  api.route({
    method: 'GET',
    url: '/api/top-ups',
    access: ['operator', 'counter', 'auditor'],
    handler: () => cards?.open() ?? [],
  });
  api.route({
    method: 'POST',
    url: '/api/top-ups/:order/resolve',
    access: ['operator', 'counter'],
    params: order.pick({ order: true }),
    body: z.object({ as: z.enum(['credited', 'refund']), reason: z.string().trim().min(2).max(200) }),
    handler: ({ params, body, staff }) =>
      cards?.resolve(params.order, body.as, `staff:${staff.id}`, body.reason) ?? failure('E-PAY-0207'),
  });
}
