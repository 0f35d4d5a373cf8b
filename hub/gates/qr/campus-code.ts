import { createHmac, timingSafeEqual } from 'node:crypto';
import type { EpochMs } from '@hallhub/sync/base';
import type { RefusalCode } from '../codes.ts';
import { fromBase45, toBase45 } from './base45.ts';

/*
 * The dynamic code on a member's phone: `HHC:` and, in base45, version (1 byte) | key id (8) | step (4, big-endian) | tag (12).
 * A step is 30 seconds of UTC since 1970; the tag is HMAC-SHA-256 over a label and the bytes before it, under the person's own
 * key, its first 12 bytes. It names nobody: the key id is a hash of the key.
 */

export const CAMPUS_PREFIX = 'HHC:';
const VERSION = 1;
const LENGTH = 25;
const HEAD = 13;
const STEP_MS = 30_000;
/** How far a phone's clock may be off, beyond the step itself. */
const SKEW_MS = 90_000;

export interface CampusCode {
  /** Hex; see `campusCodeKeyId`. */
  readonly keyId: string;
  readonly step: number;
  readonly head: Uint8Array;
  readonly tag: Uint8Array;
}

const tagOf = (head: Uint8Array, key: Uint8Array): Uint8Array =>
  createHmac('sha256', key)
    .update('hallhub campus code')
    .update(head)
    .digest()
    .subarray(0, LENGTH - HEAD);

/** What a phone shows at `now`. @param keyId hex of 8 bytes @param key the person's 32 bytes */
export function campusCodeAt(now: EpochMs, keyId: string, key: Uint8Array): string {
  const head = Buffer.alloc(HEAD);
  head.writeUInt8(VERSION, 0);
  head.write(keyId, 1, 8, 'hex');
  head.writeUInt32BE(Math.floor(now / STEP_MS), 9);
  return CAMPUS_PREFIX + toBase45(Buffer.concat([head, tagOf(head, key)]));
}

/** Undefined for what is no such code. */
export function readCampusCode(text: string): CampusCode | undefined {
  if (!text.startsWith(CAMPUS_PREFIX)) return undefined;
  const bytes = fromBase45(text.slice(CAMPUS_PREFIX.length));
  if (bytes?.length !== LENGTH || bytes[0] !== VERSION) return undefined;
  const all = Buffer.from(bytes);
  return {
    keyId: all.toString('hex', 1, 9),
    step: all.readUInt32BE(9),
    head: all.subarray(0, HEAD),
    tag: all.subarray(HEAD),
  };
}

/** Why a code is not believed; undefined: it is genuine and of now. Whether it was used before is not asked here. */
export function doubtCampusCode(code: CampusCode, key: Uint8Array, now: EpochMs): RefusalCode | undefined {
  if (!timingSafeEqual(tagOf(code.head, key), code.tag)) return 'E-GATE-0132';
  const begins = code.step * STEP_MS;
  return now < begins - SKEW_MS || now >= begins + STEP_MS + SKEW_MS ? 'E-GATE-0134' : undefined;
}
