import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framerConformance } from '../../kit/testing/index.ts';
import { createStatusFramer } from './frames.ts';
import { mostWithin, passagesBetween } from './passages.ts';

const status = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((body) => {
  const bytes = Uint8Array.of(0x7f, ...body, 0);
  bytes[17] = 255 - (bytes.reduce((sum, byte) => sum + byte, 0) % 256);
  return bytes;
});
framerConformance('turnstile statuses', {
  create: createStatusFramer,
  frames: status,
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(0x7f, 0x01),
});

describe('a counter of 24 bits', () => {
  it('counts everybody, over its end as well', () => {
    fc.assert(
      fc.property(fc.nat(0xffffff), fc.nat(30), (before, walked) => {
        expect(passagesBetween(before, (before + walked) % 2 ** 24, 30)).toBe(walked);
      }),
    );
    expect(passagesBetween(0xffffff, 1, 5)).toBe(2);
  });

  it('that was reset at power-up counts nobody', () => {
    fc.assert(
      fc.property(fc.integer({ min: 50, max: 0xffff00 }), (before) => {
        expect(passagesBetween(before, 0, mostWithin(2_000))).toBe(0);
      }),
    );
  });
});
