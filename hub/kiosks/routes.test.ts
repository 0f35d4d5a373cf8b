import { afterEach, expect, it } from 'vitest';
import { createFront } from '../api/testing/front.ts';
import { kioskRoutes } from './routes.ts';
import { openSelfService } from './testing/rig.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open() {
  const rig = openSelfService();
  rig.start();
  closing.push(() => {
    rig.stop();
  });
  await rig.certificates.issue('request-1');
  const front = await createFront({
    clock: rig.clock,
    who: {},
    kiosk: 'hall',
    routes: (api, live) => {
      kioskRoutes(api, { selfService: rig, certificates: rig.certificates, live, secure: false });
    },
  });
  closing.push(front.close);
  const print = (key?: string, body: object = { certificateId: 'request-1', copies: 1 }) =>
    front.page('POST', '/api/kiosks/hall/print', body, key === undefined ? {} : { 'idempotency-key': key });
  return { ...rig, print };
}

it('prints once for an order that is sent again because its answer was lost', async () => {
  const { print, idCard, certificates, status } = await open();
  idCard();
  const first = await print('order-0001');
  expect(first).toMatchObject({ status: 200, body: { copies: 1 } });
  // Also when the printer could take no new order by now.
  status.set('printer', { ok: false, error: { code: 'E-PRN-0101' } });
  const again = await print('order-0001');
  expect(again).toMatchObject({ status: 200, body: { attemptId: (first.body as { attemptId: string }).attemptId } });
  expect(certificates.jobs()).toHaveLength(1);
  expect(certificates.get('request-1')?.copiesUsed).toBe(1);
});

it('takes no order without a name, and no other order under a name that is taken', async () => {
  const { print, idCard, certificates } = await open();
  idCard();
  expect(await print()).toMatchObject({ status: 400, body: { code: 'E-API-0101' } });
  expect(certificates.jobs()).toEqual([]);
  await print('order-0001');
  expect(await print('order-0001', { certificateId: 'request-1', copies: 2 })).toMatchObject({
    status: 409,
    body: { code: 'E-CERT-0412' },
  });
  expect(certificates.jobs()).toHaveLength(1);
});

it('is another order when the next person’s page uses the same name', async () => {
  const { print, idCard, kiosks, certificates } = await open();
  idCard();
  await print('order-0001');
  kiosks.leave('hall');
  idCard();
  await print('order-0001');
  expect(certificates.jobs()).toHaveLength(2);
});
