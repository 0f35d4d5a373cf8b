import { expect, it } from 'vitest';
import { keptOpen } from './source.ts';

it('a signer that cannot even be made is tried again, and stops without a fault', async () => {
  let tries = 0;
  const source = keptOpen(() => {
    tries += 1;
    return Promise.reject(new TypeError('no certificate'));
  });
  expect(await source.open()).toEqual({ ok: false, error: { code: 'E-CERT-0501', detail: 'TypeError' } });
  expect(await source.open()).toMatchObject({ ok: false });
  expect(tries).toBe(2);
  await source.close();
});
