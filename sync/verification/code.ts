import { createHash } from 'node:crypto';
import type { RandomBytes } from '../base/index.ts';

/** Crockford's base 32: no I, L, O, U, so that nobody reads one character for another. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 80 random bits: neither guessed, nor found again from their hash. */
const LENGTH = 16;

/** A verification code in canonical form, for example `7K3MQ2XD9FHP04WT`. */
export function newCode(random: RandomBytes): string {
  return [...random(LENGTH)].map((byte) => ALPHABET[byte & 31] ?? '').join('');
}

/** As it is printed: in groups of four. */
export const groupedCode = (code: string): string => code.replace(/(.{4})(?=.)/g, '$1-');

/**
 * What people type, read generously: spaces, dashes and dots of any kind, lower case, full width, O for 0, I and L for 1, or
 * the whole address of the QR code. Undefined: no code, whatever it is.
 */
export function canonicalCode(typed: string): string | undefined {
  if (typed.length > 500) return undefined;
  const plain = typed.normalize('NFKC').trim();
  const inAddress = /[?&]code=([^&#]*)/i.exec(plain)?.[1];
  const code = (inAddress ?? plain)
    .toUpperCase()
    .replace(/%20|\+/g, '')
    .replace(/[\s\p{Pd}_.·•・−]/gu, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
  return code.length === LENGTH && /^[0-9A-HJKMNP-TV-Z]+$/.test(code) ? code : undefined;
}

/** Lower-case hex: what is stored, looked up and told to the hall in place of the code. */
export const codeSha256 = (code: string): string => createHash('sha256').update(code, 'ascii').digest('hex');
