import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framerConformance } from '../../kit/testing/index.ts';
import { createMbapFramer, encodeMbap } from './mbap.ts';

const body = fc.uint8Array({ minLength: 3, maxLength: 254 });

framerConformance('Modbus TCP replies', {
  create: createMbapFramer,
  frames: fc
    .tuple(fc.integer({ min: 1, max: 0xffff }), body)
    .map(([transaction, bytes]) => encodeMbap(transaction, bytes)),
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(0, 1, 0, 0, 0, 0),
});

describe('Modbus TCP frames', () => {
  it('come back as they were wrapped', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), body, (transaction, bytes) => {
        const [framed] = createMbapFramer().push(encodeMbap(transaction, bytes));
        expect(framed).toMatchObject({
          kind: 'frame',
          frame: { transaction, unit: bytes[0], code: bytes[1], data: bytes.slice(2) },
        });
      }),
    );
  });
});
