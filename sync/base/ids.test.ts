import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FailureError, epochMs, failure, fraction, ok, parseInstant, unwrap, uuidv7 } from './index.ts';

it('makes UUIDs of version 7 that sort by their time (RFC 9562, 5.7)', () => {
  const instant = fc.integer({ min: 0, max: 2 ** 48 - 1 }).map(epochMs);
  fc.assert(
    fc.property(instant, instant, (a, b) => {
      const [first, second] = [uuidv7(a), uuidv7(b)];
      expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Number.parseInt(first.replaceAll('-', '').slice(0, 12), 16)).toBe(a);
      if (a < b) expect(first < second).toBe(true);
    }),
  );
});

it('turns random bytes into a fraction below one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
      const value = fraction(() => bytes);
      expect(value >= 0 && value < 1).toBe(true);
    }),
  );
});

it('keeps failures as values until somebody insists', () => {
  expect(unwrap(ok(7))).toBe(7);
  expect(() => unwrap(failure('E-TEST-0001', 'why'))).toThrow(FailureError);
  expect(() => unwrap(failure('E-TEST-0001', 'why'))).toThrow('E-TEST-0001: why');
});

it('reads instants and nothing else', () => {
  expect(parseInstant('2026-03-01T08:00:00+08:00')).toBe(Date.UTC(2026, 2, 1));
  expect(parseInstant('yesterday')).toBeUndefined();
});
