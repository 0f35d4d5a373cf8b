import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { EpochMs, RandomBytes } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';
import type { RefusalCode } from '../codes.ts';
import { fromBase45, toBase45 } from './base45.ts';

/*
 * The code that an approved visitor is sent: `HHV:` and, in base45, version (1 byte) | key id (4) | type (1) | subject (8) |
 * expiry (4, seconds since 1970, big-endian) | nonce (4) | Ed25519 signature (64) over a label and the bytes before it. It is
 * verified off line and holds no personal data; what it opens, and whether that was withdrawn, is the pass's to say.
 */

export const VISITOR_PREFIX = 'HHV:';
const VERSION = 1;
const TYPE_PASS = 1;
const CLAIM = 22;
const LENGTH = CLAIM + 64;
const LABEL = Buffer.from('hallhub visitor code');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface VisitorCode {
  /** Hex of 8 bytes: which pass; see {@link visitorCodeSubject}. */
  readonly subject: string;
  readonly expiresAt: EpochMs;
}

/** By which a visitor's code names a pass: the first 8 bytes (hex) of SHA-256 over the pass's id. */
export const visitorCodeSubject = (passId: string): string =>
  createHash('sha256').update(passId).digest('hex').slice(0, 16);

/** Of a raw public key, its first 4 bytes (hex) of SHA-256. */
const keyIdOf = (raw: Uint8Array): string => createHash('sha256').update(raw).digest('hex').slice(0, 8);

/** Signs codes with the Ed25519 key (RFC 8032) of a 32-byte seed. */
export function createVisitorCodeIssuer(seed: Uint8Array, random: RandomBytes) {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length);
  const keyId = Buffer.from(keyIdOf(publicKey), 'hex');
  return {
    /** Raw, in base64. */
    publicKey: publicKey.toString('base64'),
    issue: ({ subject, expiresAt }: VisitorCode): string => {
      const claim = Buffer.alloc(CLAIM);
      claim.writeUInt8(VERSION, 0);
      keyId.copy(claim, 1);
      claim.writeUInt8(TYPE_PASS, 5);
      claim.write(subject, 6, 8, 'hex');
      claim.writeUInt32BE(Math.ceil(expiresAt / 1_000), 14);
      claim.set(random(4), 18);
      return VISITOR_PREFIX + toBase45(Buffer.concat([claim, sign(null, Buffer.concat([LABEL, claim]), key)]));
    },
  };
}

/** Verifies codes against public keys (raw, base64). */
export function createVisitorCodeVerifier(publicKeys: readonly string[]) {
  const keys = new Map<string, KeyObject>(
    publicKeys.map((text) => {
      const raw = Buffer.from(text, 'base64');
      return [keyIdOf(raw), createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' })];
    }),
  );
  return (text: string, now: EpochMs): VisitorCode | RefusalCode => {
    const bytes = text.startsWith(VISITOR_PREFIX) ? fromBase45(text.slice(VISITOR_PREFIX.length)) : undefined;
    if (bytes?.length !== LENGTH || bytes[0] !== VERSION || bytes[5] !== TYPE_PASS) return 'E-GATE-0131';
    const all = Buffer.from(bytes);
    const key = keys.get(all.toString('hex', 1, 5));
    if (!key) return 'E-GATE-0133';
    const claim = all.subarray(0, CLAIM);
    if (!verify(null, Buffer.concat([LABEL, claim]), key, all.subarray(CLAIM))) return 'E-GATE-0132';
    const expiresAt = epochMs(all.readUInt32BE(14) * 1_000);
    return now >= expiresAt ? 'E-GATE-0134' : { subject: all.toString('hex', 6, 14), expiresAt };
  };
}
