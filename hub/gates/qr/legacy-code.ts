import { createHash, timingSafeEqual } from 'node:crypto';
import type { DurationMs, EpochMs } from '@hallhub/sync/base';
import type { RefusalCode } from '../codes.ts';

/*
 * The dynamic code of older campus systems (published by 微耕): `MD5(id)-epoch-MD5(MD5(id)-epoch-password)`, hex and decimal. The id
 * is the person's number; the epoch counts seconds; the password is one for everybody, so whoever knows it makes anybody's code.
 */

/** What is needed to believe such codes. */
export interface LegacyCodes {
  readonly password: string;
  /** How long a code counts after it was made. */
  readonly validFor: DurationMs;
}

export interface LegacyCode {
  /** MD5 of the person's number, lower-case hex. */
  readonly key: string;
  /** Seconds since 1970. */
  readonly epoch: number;
  readonly tag: string;
}

/** How far a phone's clock may be ahead of ours. */
const SKEW_MS = 30_000;
const FORM = /^([0-9a-f]{32})-(\d{9,10})-([0-9a-f]{32})$/i;

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** By which a code names its holder. @param number of the person */
export const legacyCodeKey = (number: string): string => md5(number);

/** What a phone shows at `now`. */
export function legacyCodeAt(now: EpochMs, number: string, password: string): string {
  const head = `${legacyCodeKey(number)}-${Math.floor(now / 1_000)}`;
  return `${head}-${md5(`${head}-${password}`)}`;
}

/** Undefined for what is no such code. */
export function readLegacyCode(text: string): LegacyCode | undefined {
  const [, key = '', epoch = '', tag = ''] = FORM.exec(text) ?? [];
  return key === '' ? undefined : { key: key.toLowerCase(), epoch: Number(epoch), tag: tag.toLowerCase() };
}

/** Why a code is not believed; undefined: it is genuine and of now. Whether it was used before is not asked here. */
export function doubtLegacyCode(
  { key, epoch, tag }: LegacyCode,
  { password, validFor }: LegacyCodes,
  now: EpochMs,
): RefusalCode | undefined {
  const expected = md5(`${key}-${epoch}-${password}`);
  if (!timingSafeEqual(Buffer.from(expected), Buffer.from(tag))) return 'E-GATE-0132';
  const made = epoch * 1_000;
  return now < made - SKEW_MS || now >= made + validFor ? 'E-GATE-0134' : undefined;
}
