import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFloor } from '../testing/floor.ts';
import type { ReaderBits } from './bits.ts';
import { uidOfBits } from './bits.ts';

const leftAligned = (bits: string) => ({
  bits: bits.length,
  hex: (bits.padEnd(Math.ceil(bits.length / 4) * 4, '0').match(/.{4}/g) ?? [])
    .map((four) => Number.parseInt(four, 2).toString(16))
    .join('')
    .toUpperCase(),
});
const ones = (bits: string): number => bits.replaceAll('0', '').length;
/** As a reader of the format sends a UID. */
function sent(uid: string, { parity, number, byteOrder }: ReaderBits) {
  const bytes = Buffer.from(uid, 'hex');
  const hex = (byteOrder === 'big' ? bytes : Buffer.from(bytes).reverse()).toString('hex');
  const decimal = BigInt(`0x${hex}`).toString();
  const digits = number === 'binary' ? hex : decimal.padStart(decimal.length + (decimal.length % 2), '0');
  const payload = Array.from(digits, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('');
  if (parity === 'none') return leftAligned(payload);
  const half = payload.length / 2;
  const even = ones(payload.slice(0, half)) % 2;
  const odd = 1 - (ones(payload.slice(half)) % 2);
  return leftAligned(`${even}${payload}${odd}`);
}
const formats = fc.record({
  parity: fc.constantFrom('ends' as const, 'none' as const),
  number: fc.constantFrom('binary' as const, 'decimal' as const),
  byteOrder: fc.constantFrom('big' as const, 'little' as const),
});
const PLAIN: ReaderBits = { parity: 'ends', number: 'binary', byteOrder: 'big' };

describe('the bits of a reader', () => {
  it('lead back to the UID of the card, in every format', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), formats, (bytes, format) => {
        const uid = Buffer.from(bytes).toString('hex').toUpperCase();
        expect(uidOfBits(sent(uid, format), format)).toBe(uid);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(7, 10), fc.infiniteStream(fc.nat(255)), formats, (length, stream, format) => {
        const uid = Buffer.from([...stream.take(length)])
          .toString('hex')
          .toUpperCase();
        const binary = { ...format, number: 'binary' as const };
        expect(uidOfBits(sent(uid, binary), binary)).toBe(uid);
      }),
    );
  });

  it('of 34, as a reader of that format sends 01 02 03 A4', () => {
    // 0000 0001 0000 0010 | 0000 0011 1010 0100: two ones before, five behind.
    expect(uidOfBits({ bits: 34, hex: '008101D200' }, PLAIN)).toBe('010203A4');
  });

  it('name nobody with any one of them wrong', () => {
    const good = sent('010203A4', PLAIN);
    for (let bit = 0; bit < good.bits; bit += 1) {
      const bytes = Buffer.from(good.hex.padEnd(10, '0'), 'hex');
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
      expect(uidOfBits({ bits: good.bits, hex: bytes.toString('hex') }, PLAIN)).toBeUndefined();
    }
  });

  it('of 26 never become a UID: two cards may have the same', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 26n - 1n }), formats, (value, format) => {
        const uid = uidOfBits(leftAligned(value.toString(2).padStart(26, '0')), { ...format, number: 'binary' });
        expect(uid).toBeUndefined();
      }),
    );
  });

  it('never throw, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.nat(200),
        fc.string({ unit: fc.constantFrom(...Array.from('0123456789ABCDEF')), maxLength: 40 }),
        formats,
        (bits, hex, format) => {
          const uid = uidOfBits({ bits, hex }, format);
          if (uid !== undefined) expect([8, 14, 20]).toContain(uid.length);
        },
      ),
    );
  });
});

describe('a gate with a Wiegand reader', () => {
  it('knows a campus card by them, where it was told how they stand', () => {
    const gate = (id: string, bits?: object) => ({
      id,
      area: 'campus',
      reader: `${id}-reader`,
      barrier: `${id}-barrier`,
      ...(bits && { bits }),
    });
    const floor = createFloor({
      areas: [{ id: 'campus' }],
      gates: [gate('a', {}), gate('b', { byteOrder: 'little' }), gate('c')],
    });
    floor.approve('roster', 'R-1', {
      person: { number: 'S1', name: '王', category: 'student' },
      credentials: [{ type: 'campus-card', uid: '010203A4' }],
      areas: ['campus'],
    });
    for (const id of ['a', 'b', 'c'])
      floor.emit(`${id}-reader`, 'card', {
        presented: { type: 'bits', ...sent('010203A4', PLAIN) },
        at: floor.clock.now(),
        lastByteAt: floor.clock.monotonic(),
      });
    expect(floor.journal()).toEqual(['a releasing', 'b refused E-GATE-0101', 'c refused E-GATE-0101']);
    expect(floor.gates.entries({ limit: 3 }).map(({ method }) => method)).toEqual(['bits', 'uid', 'uid']);
  });
});
