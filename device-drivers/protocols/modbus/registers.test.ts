import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unwrap } from '@hallhub/sync/base';
import { type ValueSpec, decodeValue, encodeValue, planBlocks, valueSchema, wordsOf } from './registers.ts';

const types = ['u16', 's16', 'u32', 's32', 'f32'] as const;
const orders = ['abcd', 'cdab', 'badc', 'dcba'] as const;
const spec = (over: Partial<ValueSpec>): ValueSpec => ({ ...valueSchema.parse({ address: 0 }), ...over });

describe('values in registers', () => {
  it('come back as they were written, in every type and order', () => {
    const RANGES = {
      u16: fc.integer({ min: 0, max: 0xffff }),
      s16: fc.integer({ min: -0x8000, max: 0x7fff }),
      u32: fc.integer({ min: 0, max: 0xffff_ffff }),
      s32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
      f32: fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    };
    const cases = fc
      .constantFrom(...types)
      .chain((type) => fc.tuple(fc.constant(type), fc.constantFrom(...orders), RANGES[type]));
    fc.assert(
      fc.property(cases, ([type, order, value]) => {
        const words = unwrap(encodeValue(spec({ type, order }), value));
        expect(words).toHaveLength(type.endsWith('16') ? 1 : 2);
        const again = decodeValue(spec({ type, order }), words);
        expect(again).toBeCloseTo(value, type === 'f32' ? -Math.ceil(Math.log10(Math.abs(value) + 1)) + 8 : 6);
      }),
    );
  });

  it('stand in the four orders in which devices send them', () => {
    // 12345678 hex is 305419896; 1.5 is 3FC00000.
    expect(decodeValue(spec({ type: 'u32', order: 'abcd' }), [0x1234, 0x5678])).toBe(305_419_896);
    expect(decodeValue(spec({ type: 'u32', order: 'cdab' }), [0x5678, 0x1234])).toBe(305_419_896);
    expect(decodeValue(spec({ type: 'u32', order: 'badc' }), [0x3412, 0x7856])).toBe(305_419_896);
    expect(decodeValue(spec({ type: 'u32', order: 'dcba' }), [0x7856, 0x3412])).toBe(305_419_896);
    expect(decodeValue(spec({ type: 'f32', order: 'cdab' }), [0, 0x3fc0])).toBe(1.5);
  });

  it('are scaled without the crumbs of binary fractions', () => {
    expect(decodeValue(spec({ type: 's16', scale: 0.1 }), [234])).toBe(23.4);
    expect(decodeValue(spec({ type: 's16', scale: 0.1, offset: -40 }), [0xfff1])).toBe(-41.5);
    expect(encodeValue(spec({ type: 'u16', scale: 0.1 }), 26)).toEqual({ ok: true, value: [260] });
  });

  it('are absent where the device says so, and where it sends no number', () => {
    expect(decodeValue(spec({ type: 's16', absent: -32_768 }), [0x8000])).toBeUndefined();
    expect(decodeValue(spec({ type: 'f32' }), [0x7fc0, 0])).toBeUndefined();
  });

  it('are refused where the type cannot hold them', () => {
    expect(encodeValue(spec({ type: 'u16' }), -1)).toMatchObject({ ok: false, error: { code: 'E-DEV-0203' } });
    expect(encodeValue(spec({ type: 's16' }), 32_768)).toMatchObject({ ok: false });
    expect(encodeValue(spec({ type: 'u32' }), Number.NaN)).toMatchObject({ ok: false });
    expect(encodeValue(spec({ type: 'f32' }), 1e300)).toMatchObject({ ok: false });
  });
});

describe('requests for values', () => {
  it('bring every value, are never too long, and never overlap', () => {
    const specs = fc.array(
      fc
        .record({
          table: fc.constantFrom('holding' as const, 'input' as const),
          address: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 0xfffe })),
          type: fc.constantFrom(...types),
        })
        .map((over) => spec(over)),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(specs, (all) => {
        const blocks = planBlocks(all);
        for (const { count } of blocks) expect(count).toBeLessThanOrEqual(125);
        const read = blocks.map((block) => ({
          block,
          words: Array.from({ length: block.count }, (_, index) => block.address + index),
        }));
        for (const each of all) expect(wordsOf(each, read)?.[0]).toBe(each.address);
      }),
    );
  });

  it('are as few as make sense', () => {
    const at = (address: number): ValueSpec => spec({ address, type: 'f32' });
    expect(planBlocks([at(12), at(0), at(6), at(342)])).toEqual([
      { table: 'input', address: 0, count: 14 },
      { table: 'input', address: 342, count: 2 },
    ]);
  });
});
