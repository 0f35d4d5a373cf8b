import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layout } from './index.ts';

const { bytes, counted, countedBits, decode, encode, i16, record, repeated, rest, u16, u24be, u32, u8 } = layout;

const message = record({
  kind: u8,
  signed: i16,
  wide: u32,
  proof: bytes(3),
  count: u24be,
  name: counted(u8),
  more: repeated(u16),
});
const value = fc.record({
  kind: fc.nat(0xff),
  signed: fc.integer({ min: -0x8000, max: 0x7fff }),
  wide: fc.nat(0xffffffff),
  proof: fc.uint8Array({ minLength: 3, maxLength: 3 }),
  count: fc.nat(0xffffff),
  name: fc.uint8Array({ maxLength: 40 }),
  more: fc.array(fc.nat(0xffff), { maxLength: 6 }),
});

describe('a layout', () => {
  it('reads what it wrote', () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(decode(message, encode(message, given))).toEqual(given);
      }),
    );
  });

  it('writes what it read, and never reads beyond the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (given) => {
        const read = decode(message, given);
        if (read) expect(encode(message, read)).toEqual(given);
      }),
    );
  });

  it('reads nothing from too few or too many bytes', () => {
    const pair = record({ a: u8, b: u16 });
    expect(decode(pair, Uint8Array.of(1, 2, 3))).toEqual({ a: 1, b: 0x0302 });
    expect(decode(pair, Uint8Array.of(1, 2))).toBeUndefined();
    expect(decode(pair, Uint8Array.of(1, 2, 3, 4))).toBeUndefined();
    expect(decode(rest, Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 2));
    expect(decode(u24be, Uint8Array.of(1, 2, 3))).toBe(0x010203);
    expect(decode(countedBits(u16), Uint8Array.of(9, 0, 0xff, 0x80))).toMatchObject({ count: 9 });
  });

  it('refuses to write what it cannot hold', () => {
    expect(() => encode(u8, 256)).toThrow(RangeError);
    expect(() => encode(u8, -1)).toThrow(RangeError);
    expect(() => encode(i16, 40_000)).toThrow(RangeError);
    expect(() => encode(u24be, 2 ** 24)).toThrow(RangeError);
    expect(() => encode(bytes(2), Uint8Array.of(1))).toThrow(RangeError);
    expect(() => encode(u8, 1.5)).toThrow(RangeError);
  });
});
