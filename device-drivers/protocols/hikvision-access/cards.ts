import type { AccessTerminalParams } from './params.ts';

type ByteOrder = AccessTerminalParams['byteOrder'];

/** A card's number in decimal, as a terminal keeps it; undefined for a UID of more than 8 bytes, which has none. */
export function cardNumber(uid: string, byteOrder: ByteOrder): string | undefined {
  if (!/^(?:[0-9A-F]{2}){1,8}$/.test(uid)) return undefined;
  return BigInt(`0x${byteOrder === 'big' ? uid : reversed(uid)}`).toString();
}

/**
 * Upper-case hex, UID0 first; undefined for what is no number of a card. How many bytes a UID has does not stand in its number:
 * four where they suffice, else seven, else eight.
 */
export function cardUid(cardNo: string, byteOrder: ByteOrder): string | undefined {
  const number = /^\d{1,20}$/.test(cardNo) ? BigInt(cardNo) : 0n;
  const bytes = number >> 32n === 0n ? 4 : number >> 56n === 0n ? 7 : 8;
  if (number === 0n || number >> 64n !== 0n) return undefined;
  const hex = number
    .toString(16)
    .padStart(2 * bytes, '0')
    .toUpperCase();
  return byteOrder === 'big' ? hex : reversed(hex);
}

const reversed = (hex: string): string => Buffer.from(hex, 'hex').reverse().toString('hex').toUpperCase();
