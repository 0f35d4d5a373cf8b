import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MonoMs, ms } from '@hallhub/sync/base';
import { framerConformance } from '../../kit/testing/index.ts';
import { createNumberFramer } from './driver.ts';
import { type CardForm, readCard } from './number.ts';
import { type Typing, readKey, typeKey } from './keys.ts';

framerConformance('numbers on a line of their own', {
  create: () => createNumberFramer({ prefix: '\x02', suffix: '\r\n' }),
  frames: fc.stringMatching(/^[0-9A-F,]{1,40}$/).map((number) => Uint8Array.from(Buffer.from(`\x02${number}\r\n`))),
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(2),
});

const form = (over: Partial<CardForm>): CardForm => ({
  format: 'decimal',
  byteOrder: 'big',
  uidBytes: 4,
  as: 'uid',
  ...over,
});
const read = (text: string, over: Partial<CardForm>) => readCard(Buffer.from(text, 'latin1'), form(over));
const uid = (value: string) => ({ ok: true, value: { type: 'uid', uid: value } });
const bits = (count: number, hex: string) => ({ ok: true, value: { type: 'bits', bits: count, hex } });

describe('one card, as readers write it', () => {
  it.each([
    ['77705923', form({}), uid('04A1B2C3')],
    ['0077705923', form({}), uid('04A1B2C3')],
    ['3283263748', form({ byteOrder: 'little' }), uid('04A1B2C3')],
    ['04A1B2C3', form({ format: 'hex' }), uid('04A1B2C3')],
    ['c3b2a104', form({ format: 'hex', byteOrder: 'little' }), uid('04A1B2C3')],
    ['161,45763', form({ format: '3+5' }), bits(24, 'A1B2C3')],
    ['11101010000011011100000010', form({ format: 'wiegand-text', as: 'bits' }), bits(26, 'EA0DC080')],
    ['1100010011101010000011011100000011', form({ format: 'wiegand-text', as: 'bits' }), bits(34, 'C4EA0DC0C0')],
    ['1100010011101010000011011100000011', form({ format: 'wiegand-text' }), uid('89D41B81')],
  ])('%s', (text, given, expected) => {
    expect(readCard(Buffer.from(text), given)).toEqual(expected);
  });

  it.each([
    ['ea0dc080', bits(26, 'EA0DC080')],
    ['c4ea0dc0c0', bits(34, 'C4EA0DC0C0')],
    ['80800080', bits(26, '80800080')],
    ['891a2b3c40', bits(34, '891A2B3C40')],
  ])('packed %s', (hex, expected) => {
    expect(readCard(Buffer.from(hex, 'hex'), form({ format: 'wiegand-packed', as: 'bits' }))).toEqual(expected);
  });

  it('is refused with any one bit wrong', () => {
    const good = '1100010011101010000011011100000011';
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 33 }), (at) => {
        const flipped = Array.from(good, (bit, index) => (index === at ? (bit === '1' ? '0' : '1') : bit)).join('');
        expect(read(flipped, { format: 'wiegand-text' })).toMatchObject({ ok: false, error: { code: 'E-CARD-0301' } });
      }),
    );
  });

  it('is refused in another form, and nothing of it is told', () => {
    for (const [text, format] of [
      ['hello', 'decimal'],
      ['4294967296', 'decimal'],
      ['04A1B2C', 'hex'],
      ['04A1B2C3D4', 'hex'],
      ['04A1', 'hex'],
      ['256,00001', '3+5'],
      ['001,65536', '3+5'],
      ['161,457', '3+5'],
      ['1010', 'wiegand-text'],
    ] as const) {
      expect(read(text, { format })).toEqual({ ok: false, error: { code: 'E-CARD-0302' } });
    }
  });

  it('is refused when any part of it was lost on the line, where its length is known', () => {
    const cases = [
      ['0077705923', { digits: 10 }],
      ['04A1B2C3', { format: 'hex' }],
      ['161,45763', { format: '3+5' }],
      ['11101010000011011100000010', { format: 'wiegand-text', as: 'bits' }],
    ] as const;
    fc.assert(
      fc.property(fc.constantFrom(...cases), fc.nat(), fc.nat(), ([text, over], from, size) => {
        const start = from % text.length;
        const torn = text.slice(0, start) + text.slice(start + 1 + (size % (text.length - start)));
        expect(read(text, over).ok).toBe(true);
        expect(read(torn, over)).toEqual({ ok: false, error: { code: 'E-CARD-0302' } });
      }),
    );
  });

  it('is whatever bytes come an answer, never a throw', () => {
    const formats = ['decimal', 'hex', '3+5', 'wiegand-text', 'wiegand-packed'] as const;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(...formats), (payload, format) => {
        expect(typeof readCard(payload, form({ format })).ok).toBe('boolean');
      }),
    );
  });

  it('keeps its UID through decimal in both orders', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        const hex = Buffer.from(bytes).toString('hex').toUpperCase();
        const reversed = Buffer.from(bytes).reverse().toString('hex');
        expect(read(BigInt(`0x${hex}`).toString(), {})).toEqual(uid(hex));
        expect(read(BigInt(`0x${reversed}`).toString(), { byteOrder: 'little' })).toEqual(uid(hex));
      }),
    );
  });
});

describe('keys', () => {
  const type = (...keys: readonly (readonly [string, number])[]): readonly (string | undefined)[] => {
    let state: Typing | undefined;
    return keys.map(([key, at]) => {
      const next = typeKey(state, key, at as MonoMs, ms(10_000));
      state = next.state;
      return next.entered;
    });
  };

  it('are one entry up to its end', () => {
    expect(type(['1', 0], ['2', 100], ['#', 200], ['#', 300])).toEqual([undefined, undefined, '12', undefined]);
    expect(type(['1', 0], ['*', 100], ['2', 200], ['#', 300]).at(-1)).toBe('2');
  });

  it('left lying do not begin the next entry', () => {
    expect(type(['9', 0], ['1', 20_000], ['#', 20_100]).at(-1)).toBe('1');
  });

  it('are read from bursts of 4 and of 8 bits', () => {
    expect(readKey('0101', 'bits-4')).toBe('5');
    expect(readKey('1011', 'bits-4')).toBe('#');
    expect(readKey('1111', 'bits-4')).toBeUndefined();
    expect(readKey('10100101', 'bits-8')).toBe('5');
    expect(readKey('10100100', 'bits-8')).toBeUndefined();
    expect(readKey('#', 'text')).toBe('#');
    expect(readKey('12', 'text')).toBeUndefined();
  });
});
