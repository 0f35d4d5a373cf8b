import { type Result, failure, ok } from '@hallhub/sync/base';
import type { Presented } from '../../capabilities/index.ts';

/** How a reader writes a card down. */
export type CardFormat =
  /** The UID as one decimal number, with or without leading zeros; "8H10D" always has ten digits. */
  | 'decimal'
  /** The UID in hex digits, all of them. */
  | 'hex'
  /** Facility and number of the last three bytes in three and five digits, `161,45763`; not the whole UID, so it is reported as 24 bits. */
  | '3+5'
  /** Wiegand bits as the characters 0 and 1. */
  | 'wiegand-text'
  /** Wiegand bits packed into bytes, most significant first, filled with zeros. */
  | 'wiegand-packed';

export interface CardForm {
  readonly format: CardFormat;
  /** `big`: the first byte of the number is UID0. Differs from reader to reader; a wrong one locks everybody out. */
  readonly byteOrder: 'big' | 'little';
  /** Bytes of a UID: 4, 7 or 10. Decimal numbers are filled up with zeros to it. */
  readonly uidBytes: number;
  /**
   * How many digits a decimal number always has. Without it half of a number, whose other half was lost on the line, cannot
   * be told from a whole one: it is another card's.
   */
  readonly digits?: number | undefined;
  /** For Wiegand: what is reported. A UID is all of W34 between its parity bits. */
  readonly as: 'bits' | 'uid';
}

/** Wiegand of 26 or 34 bits: even parity over the first half of the data, odd parity over the second. */
export function hasGoodParity(bits: readonly number[]): boolean {
  const half = bits.length / 2;
  const sum = (from: number, to: number): number => bits.slice(from, to).reduce((total, bit) => total + bit, 0);
  return sum(0, half) % 2 === 0 && sum(half, bits.length) % 2 === 1;
}

/** The bits of a packed frame: 26 in 4 bytes, 34 in 5; undefined for other lengths. */
function unpack(bytes: Uint8Array): readonly number[] | undefined {
  const count = { 4: 26, 5: 34 }[bytes.length];
  if (count === undefined) return undefined;
  const bits = Array.from(
    { length: bytes.length * 8 },
    (_, index) => ((bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1,
  );
  // What fills the last byte up must be zero.
  return bits.slice(count).includes(1) ? undefined : bits.slice(0, count);
}

/** Packed most significant first, filled with zeros; upper-case hex. */
function packHex(bits: readonly number[]): string {
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8));
  bits.forEach((bit, index) => {
    bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (bit << (7 - (index & 7)));
  });
  return bytes.toString('hex').toUpperCase();
}

/**
 * The card in what a reader printed for it. Errors: `E-CARD-0301` parity, `E-CARD-0302` not of this form.
 */
export function readCard(payload: Uint8Array, form: CardForm): Result<Presented> {
  const text = Buffer.from(payload).toString('latin1').trim();
  switch (form.format) {
    case 'decimal': {
      if (!/^\d{1,25}$/.test(text) || (form.digits !== undefined && text.length !== form.digits)) return wrongForm();
      return uid(BigInt(text).toString(16), form);
    }
    case 'hex':
      return /^[0-9A-Fa-f]+$/.test(text) && text.length === form.uidBytes * 2 ? uid(text, form) : wrongForm();
    case '3+5': {
      const [, facility, number] = /^(\d{3}),(\d{5})$/.exec(text) ?? [];
      if (facility === undefined || number === undefined) return wrongForm();
      if (Number(facility) > 0xff || Number(number) > 0xffff) return wrongForm();
      const hex = ((Number(facility) << 16) | Number(number)).toString(16).padStart(6, '0').toUpperCase();
      return ok({ type: 'bits', bits: 24, hex });
    }
    case 'wiegand-text':
      return /^(?:[01]{26}|[01]{34})$/.test(text) ? wiegand(Array.from(text, Number), form) : wrongForm();
    case 'wiegand-packed': {
      const bits = unpack(payload);
      return bits ? wiegand(bits, form) : wrongForm();
    }
  }
}

function wiegand(bits: readonly number[], form: CardForm): Result<Presented> {
  if (!hasGoodParity(bits)) return failure('E-CARD-0301', `${bits.length} bits`);
  if (form.as === 'bits') return ok({ type: 'bits', bits: bits.length, hex: packHex(bits) });
  const data = bits.slice(1, -1);
  return data.length === form.uidBytes * 8 ? uid(packHex(data), form) : wrongForm();
}

function uid(hex: string, { byteOrder, uidBytes }: CardForm): Result<Presented> {
  const padded = hex.padStart(uidBytes * 2, '0').toUpperCase();
  if (padded.length !== uidBytes * 2) return wrongForm();
  const bytes = padded.match(/../g) ?? [];
  return ok({ type: 'uid', uid: (byteOrder === 'big' ? bytes : bytes.reverse()).join('') });
}

/** Never with what was read: that is somebody's card. */
const wrongForm = (): ReturnType<typeof failure> => failure('E-CARD-0302');
