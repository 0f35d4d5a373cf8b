import { createHash, randomInt } from 'node:crypto';

/** Crockford's base 32: nothing in it is taken for something else when it is read out over the phone. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE = /^[0-9A-HJKMNP-TV-Z]+$/;
const SECRET_LENGTH = 12;
const FINGERPRINT_LENGTH = 16;

/** The secret part of a one-time code: 60 bits, good for an hour and a handful of guesses. */
export const createSecret = (): string =>
  Array.from({ length: SECRET_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)] ?? '0').join('');

/** 80 bits of the SHA-256 over a certificate (DER): how the agent knows the hub before it trusts anybody. */
export function fingerprintOf(certificate: Uint8Array): string {
  const digest = createHash('sha256').update(certificate).digest();
  let bits = 0n;
  for (const byte of digest.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let index = 0; index < FINGERPRINT_LENGTH; index += 1) {
    text = (ALPHABET[Number(bits & 31n)] ?? '0') + text;
    bits >>= 5n;
  }
  return text;
}

export interface EnrolmentCode {
  readonly secret: string;
  /** Of the authority whose certificate the hub shows; absent where everybody trusts it anyway. */
  readonly fingerprint?: string;
}

/** For people: groups of four. */
export const showCode = ({ secret, fingerprint = '' }: EnrolmentCode): string =>
  `${secret}${fingerprint}`.replace(/(.{4})(?=.)/g, '$1-');

/** What somebody typed: case, hyphens and spaces do not matter, O is 0 and I and L are 1. Undefined: not a code. */
export function readCode(text: string): EnrolmentCode | undefined {
  const plain = text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  if (!CODE.test(plain)) return undefined;
  const secret = plain.slice(0, SECRET_LENGTH);
  if (plain.length === SECRET_LENGTH) return { secret };
  return plain.length === SECRET_LENGTH + FINGERPRINT_LENGTH
    ? { secret, fingerprint: plain.slice(SECRET_LENGTH) }
    : undefined;
}
