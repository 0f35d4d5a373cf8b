import { expect, test } from 'vitest';
import { orderKeys } from './order-keys.ts';

const problem = (status: number) => ({ ok: false, problem: { status, code: 'E' } }) as const;
function open() {
  let drawn = 0;
  return orderKeys(() => `key-${(drawn += 1)}`);
}

test('an order whose answer was lost goes by the same name again', () => {
  const keys = open();
  expect(keys.keyFor('a, 1 copy')).toBe('key-1');
  keys.answered(problem(0));
  expect(keys.keyFor('a, 1 copy')).toBe('key-1');
  // The kiosk's own server: the hub is away.
  keys.answered(problem(503));
  expect(keys.keyFor('a, 1 copy')).toBe('key-1');
});

test('another certificate, another number of copies and the next order get names of their own', () => {
  const keys = open();
  keys.keyFor('a, 1 copy');
  keys.answered(problem(0));
  expect(keys.keyFor('a, 2 copies')).toBe('key-2');
  keys.answered({ ok: true, value: undefined });
  expect(keys.keyFor('a, 2 copies')).toBe('key-3');
  keys.answered(problem(409));
  expect(keys.keyFor('a, 2 copies')).toBe('key-4');
});
