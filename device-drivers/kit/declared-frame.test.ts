import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FrameDeclaration, declaredCodec, frameDeclarationSchema } from './declared-frame.ts';
import { framerConformance } from './testing/index.ts';

const declare = (parts: readonly unknown[]): FrameDeclaration => frameDeclarationSchema.parse(parts);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const KEYPAD = declare([
  { bytes: 'ff68' },
  { length: 1 },
  { length: 1 },
  { bytes: '68' },
  { body: [{ field: 'address' }, { field: 'command' }, { data: 'rest' }] },
  { check: 'sum8', over: 'body' },
  { bytes: '16' },
]);
const FOUR_BYTES = declare([{ field: 'id' }, { field: 'value', size: 2 }, { check: 'sum8' }]);
const LINE = declare([{ bytes: '40' }, { data: 'rest' }, { bytes: '0d0a' }]);

const byte = fc.integer({ min: 0, max: 255 });
const keypadFrame = fc
  .record({ address: byte, command: byte, data: fc.uint8Array({ maxLength: 64 }) })
  .map(({ address, command, data }) => declaredCodec(KEYPAD).encode({ fields: { address, command }, data }));

framerConformance('a declared frame with a length and a check', {
  create: () => declaredCodec(KEYPAD).createFramer(),
  frames: keypadFrame,
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(0xff, 0x68, 0x20, 0x20, 0x68),
});

framerConformance('a declared frame that ends with fixed bytes', {
  create: () => declaredCodec(LINE).createFramer(),
  frames: fc
    .string({ unit: fc.constantFrom('0', '1', '8', 'A', 'C'), minLength: 1, maxLength: 20 })
    .map((text) => declaredCodec(LINE).encode({ fields: {}, data: Buffer.from(text, 'latin1') })),
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(0x40),
});

describe('a declared frame', () => {
  it('puts numbers, length, check and fixed bytes where they belong', () => {
    expect(hex(declaredCodec(FOUR_BYTES).encode({ fields: { id: 5, value: 999 }, data: new Uint8Array() }))).toBe(
      '0503e7ef',
    );
    const coloured = declare([
      { bytes: '3a' },
      { field: 'colour' },
      { field: 'value', size: 2, order: 'little' },
      { field: 'info' },
      { check: 'sum8' },
      { bytes: '0a' },
    ]);
    const encoded = declaredCodec(coloured).encode({
      fields: { colour: 0, value: 888, info: 1 },
      data: new Uint8Array(),
    });
    expect(hex(encoded)).toBe('3a00780301b60a');
    expect(hex(declaredCodec(KEYPAD).encode({ fields: { address: 1, command: 2 }, data: Uint8Array.of(3) }))).toBe(
      'ff6803036801020306' + '16',
    );
  });

  it('is decoded to what was encoded, whatever it declares', () => {
    const check = fc.constantFrom('sum8' as const, 'xor8' as const, 'complement8' as const);
    const shape = fc.record({
      check,
      over: fc.constantFrom('before' as const, 'body' as const),
      lengthSize: fc.constantFrom(1 as const, 2 as const),
      order: fc.constantFrom('big' as const, 'little' as const),
      size: fc.constantFrom(1 as const, 2 as const),
    });
    fc.assert(
      fc.property(shape, byte, fc.uint8Array({ maxLength: 64 }), ({ lengthSize, order, size, ...sum }, value, data) => {
        const codec = declaredCodec(
          declare([
            { bytes: '7e' },
            { length: lengthSize, order },
            { body: [{ field: 'value', size, order }, { data: 'rest' }] },
            sum,
          ]),
        );
        const bytes = codec.encode({ fields: { value }, data });
        const [framed, ...more] = codec.createFramer().push(bytes);
        expect(more).toEqual([]);
        expect(framed).toEqual({ kind: 'frame', frame: { fields: { value }, data, bytes } });
      }),
    );
  });

  it('refuses to encode what does not fit', () => {
    const codec = declaredCodec(FOUR_BYTES);
    const encode = (fields: Record<string, number>) => () => codec.encode({ fields, data: new Uint8Array() });
    expect(encode({ id: 256, value: 0 })).toThrow(RangeError);
    expect(encode({ id: 1, value: 65_536 })).toThrow(RangeError);
    expect(encode({ id: 1 })).toThrow(RangeError);
    expect(() => codec.encode({ fields: { id: 1, value: 1 }, data: Uint8Array.of(1) })).toThrow(RangeError);
  });

  it.each([
    ['two fields of one name', [{ field: 'a' }, { field: 'a' }]],
    ['data without an end', [{ data: 'rest' }]],
    ['a length without a body', [{ length: 1 }, { field: 'a' }]],
    ['a length behind its body', [{ body: [{ data: 'rest' }] }, { length: 1 }]],
    ['a check of the body before it', [{ check: 'sum8', over: 'body' }, { length: 1 }, { body: [{ data: 'rest' }] }]],
    ['data outside of the body', [{ length: 1 }, { body: [{ field: 'a' }] }, { data: 'rest' }, { bytes: '0d' }]],
    ['two runs of data', [{ data: 1 }, { data: 2 }]],
    ['nothing', []],
  ])('is refused where it makes no sense: %s', (_what, parts) => {
    expect(frameDeclarationSchema.safeParse(parts).success).toBe(false);
  });
});
