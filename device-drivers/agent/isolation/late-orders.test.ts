import { expect, it } from 'vitest';
import { type MonoMs, type Result, failure, manualClock, ms } from '@hallhub/sync/base';
import type { Receipt } from '../../kit/index.ts';
import { createLateOrders } from './late-orders.ts';

const clock = manualClock();
const orders = createLateOrders({ clock });
const SILENT: Result<never> = failure('E-DEV-0202');
/** An order that lives for 100 ms and whose messages reach the gate after these times; nobody answers it. */
const fate = (...after: readonly number[]): Promise<Receipt> => {
  const order = { commandId: 'c', until: (clock.monotonic() + 100) as MonoMs };
  return orders.run('c', async () => {
    for (const time of after) {
      await clock.advanceAsync(ms(time));
      orders.refuse(order);
    }
    return SILENT;
  });
};

it('an order of which nothing left has expired, and nobody was silent', async () => {
  expect(await fate(100, 1)).toMatchObject({ ok: false, error: { code: 'E-DEV-0201' } });
});

it.each([
  ['all of it left in time', [99]],
  ['only its repetition was held back', [99, 1]],
  ['it sent nothing', []],
])('keeps its answer when %s', async (_, after) => {
  expect(await fate(...after)).toBe(SILENT);
});

it('what belongs to no order always leaves, and a late message after its receipt does not', async () => {
  expect(orders.refuse(undefined)).toBeUndefined();
  const order = { commandId: 'gone', until: clock.monotonic() };
  expect(await orders.run('gone', () => Promise.resolve(SILENT))).toBe(SILENT);
  expect(orders.refuse(order)).toMatchObject({ code: 'E-DEV-0201' });
});
