import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deedOf, jobOf, kioskPath } from './paths.ts';

/** What a hostile page would try: ways up, in every spelling, between the words of the contract. */
const piece = fc.oneof(
  fc.constantFrom(
    ...['certificates', 'document', 'card', 'top-ups', 'jobs', 'receipt', 'service', 'enter', 'identify', 'pick-up'],
    ...['..', '.', '%2e%2e', '.%2E', '%2e.', '%2f', '%5c', '\\', '%00', '%', '%zz', '%c0%ae', '%252e%252e%252f', ''],
    ...['touch', 'print', 'staff', 'api', ';', '?', '#', '//', '@', ':', 'a'.repeat(201)],
  ),
  fc.string({ unit: 'binary-ascii', maxLength: 8 }),
);
const hostile = fc
  .array(
    fc.array(piece, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')),
    { maxLength: 5 },
  )
  .map((parts) => parts.map((part) => `/${part}`).join(''));
const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'get', 'TRACE');

describe('what a kiosk’s server does with a path', () => {
  it('never hands on a path that a hub could read as another one', () => {
    let taken = 0;
    fc.assert(
      fc.property(method, hostile, (asked, path) => {
        const deed = deedOf(asked, path);
        if (deed === undefined) return;
        taken += 1;
        expect(['GET', 'POST']).toContain(asked);
        // As the line to the hub will write it, and as the hub will take it apart.
        expect(new URL(`/api/kiosks/hall${path}`, 'http://hub').pathname).toBe(`/api/kiosks/hall${path}`);
        for (const part of path.split('/').slice(1)) {
          const read = decodeURIComponent(part);
          expect(read).not.toMatch(/^\.{1,2}$|[/\\\0]/);
        }
      }),
      { numRuns: 20_000, seed: 5 },
    );
    // Or it would have said nothing.
    expect(taken).toBeGreaterThan(50);
  });

  it.each([
    ['GET', ''],
    ['GET', '/events'],
    ['GET', '/certificates'],
    ['GET', '/certificates/request-1/document'],
    ['GET', '/certificates/%E8%AF%81/document'],
    ['GET', '/jobs/0197'],
    ['GET', '/card/transactions'],
    ['GET', '/service/log'],
    ['POST', '/session'],
    ['POST', '/print'],
    ['POST', '/jobs/0197/withdraw'],
    ['POST', '/identify/one-time'],
    ['POST', '/card/top-ups/o-1/cancel'],
    ['POST', '/service/restart'],
    ['GET', '/queue'],
    ['GET', '/queue/mine'],
    ['POST', '/queue/tickets'],
    ['POST', '/queue/tickets/0197/print'],
    ['GET', '/locker'],
    ['GET', '/locker/orders/0197'],
    ['POST', '/locker/present'],
    ['POST', '/locker/orders/0197'],
  ])('does %s %s', (asked, path) => {
    expect(deedOf(asked, path)).toBeDefined();
  });

  it.each([
    ['GET', '/'],
    ['GET', '/certificates/'],
    ['GET', '/certificates/a/b/document'],
    ['GET', '/certificates/../document'],
    ['GET', '/certificates/%2E%2e/document'],
    ['GET', '/certificates/a%2Fb/document'],
    ['GET', '/jobs/%zz'],
    ['GET', '/jobs/%c0%ae'],
    ['GET', '/print'],
    ['POST', '/events'],
    ['POST', '/touch/'],
    ['POST', ''],
    ['DELETE', '/certificates'],
  ])('does nothing with %s %s', (asked, path) => {
    expect(deedOf(asked, path)).toBeUndefined();
  });

  it('knows the job of every path that asks for one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (id) => {
        const path = `/jobs/${encodeURIComponent(id)}`;
        if (deedOf('GET', path) === 'job') expect(jobOf(path)).toBe(id);
      }),
    );
  });

  it('takes nothing for a kiosk but its own name', () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string()), (rest) => {
        const found = kioskPath(`/api/kiosks/${rest}`);
        if (!found) return;
        expect(found.kiosk).toMatch(/^[a-z0-9][a-z0-9-]{0,62}$/);
        expect(`${found.kiosk}${found.path}`).toBe(rest);
      }),
    );
    expect(kioskPath('/api/staff')).toBeUndefined();
  });
});
