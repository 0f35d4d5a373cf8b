/** How the bits of a gate's reader stand for a card's UID. */
export interface ReaderBits {
  /** `ends`: an even parity bit before and an odd one behind, each over its half, as Wiegand formats have them. */
  readonly parity: 'ends' | 'none';
  /** `binary`: the bytes themselves; `decimal`: a decimal number, four bits a digit. */
  readonly number: 'binary' | 'decimal';
  /** `big`: UID0 comes first, or is the highest byte of the number. */
  readonly byteOrder: 'big' | 'little';
}

/** Lengths of a UID in bytes, by ISO/IEC 14443-3. */
const LENGTHS: ReadonlySet<number> = new Set([4, 7, 10]);

/**
 * The UID (upper-case hex, UID0 first) that bits stand for; undefined where they are none: wrong parity, or too few. A format of 26
 * bits (facility and number) keeps three bytes of a UID, of which two cards may have the same: it never becomes one.
 * @param bits how many @param hex left-aligned
 */
export function uidOfBits(
  { bits, hex }: { readonly bits: number; readonly hex: string },
  how: ReaderBits,
): string | undefined {
  const all = Array.from(hex, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0'))
    .join('')
    .slice(0, bits);
  if (all.length !== bits) return undefined;
  const payload = how.parity === 'none' ? all : withoutParity(all);
  if (payload === undefined || payload.length % 4 !== 0) return undefined;
  const digits = (payload.match(/.{4}/g) ?? []).map((four) => Number.parseInt(four, 2).toString(16)).join('');
  const plain = how.number === 'binary' ? digits : hexOfDecimal(digits);
  if (plain === undefined || !LENGTHS.has(plain.length / 2)) return undefined;
  const bytes = Buffer.from(plain, 'hex');
  return (how.byteOrder === 'big' ? bytes : bytes.reverse()).toString('hex').toUpperCase();
}

function withoutParity(bits: string): string | undefined {
  if (bits.length < 4 || bits.length % 2 !== 0) return undefined;
  const ones = (text: string): number => text.replaceAll('0', '').length;
  const half = bits.length / 2;
  return ones(bits.slice(0, half)) % 2 === 0 && ones(bits.slice(half)) % 2 === 1 ? bits.slice(1, -1) : undefined;
}

/** Of four bytes where they suffice, else of seven. */
function hexOfDecimal(digits: string): string | undefined {
  if (!/^\d{1,17}$/.test(digits)) return undefined;
  const number = BigInt(digits);
  return number.toString(16).padStart(number >> 32n === 0n ? 8 : 14, '0');
}
