import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock, EpochMs, RandomBytes } from '@hallhub/sync/base';
import { minutes, plus, seconds } from '@hallhub/sync/base';

/** Codes that are sent to a person and typed once. */
export interface OneTimeCodes {
  /** A new code for this number, and whether it is to be sent: one that was just sent is not followed by another. */
  issue(number: string): { readonly code: string | undefined; readonly validUntil: EpochMs };
  /** True once for the right code. */
  take(number: string, code: string): boolean;
}

export const ONE_TIME_DIGITS = 6;
const VALID = minutes(5);
/** So soon after a code no other is sent to the same person. */
const AGAIN_AFTER = seconds(60);
const MOST_TRIES = 5;
/** More at once are nobody's honest need. */
const MOST_OPEN = 1_000;

interface Open {
  readonly hash: Buffer;
  readonly issuedAt: EpochMs;
  tries: number;
}

const hashOf = (number: string, code: string): Buffer => createHash('sha256').update(`${number}/${code}`).digest();

/** Kept in memory: a restart ends them all, and whoever waits asks for another. */
export function createOneTimeCodes(deps: {
  readonly clock: Pick<Clock, 'now'>;
  readonly random: RandomBytes;
}): OneTimeCodes {
  const { clock, random } = deps;
  const open = new Map<string, Open>();
  const stands = ({ issuedAt }: Open): boolean => clock.now() < plus(issuedAt, VALID);
  return {
    issue: (number) => {
      const now = clock.now();
      for (const [key, code] of open) if (!stands(code)) open.delete(key);
      const before = open.get(number);
      if (before && now < plus(before.issuedAt, AGAIN_AFTER))
        return { code: undefined, validUntil: plus(before.issuedAt, VALID) };
      if (open.size >= MOST_OPEN) return { code: undefined, validUntil: plus(now, VALID) };
      const code = sixDigits(random);
      open.delete(number);
      open.set(number, { hash: hashOf(number, code), issuedAt: now, tries: 0 });
      return { code, validUntil: plus(now, VALID) };
    },
    take: (number, code) => {
      const found = open.get(number);
      if (!found || !stands(found) || found.tries >= MOST_TRIES) return false;
      found.tries += 1;
      if (!timingSafeEqual(found.hash, hashOf(number, code))) return false;
      open.delete(number);
      return true;
    },
  };
}

/** Uniform: what would favour some codes is drawn again. */
function sixDigits(random: RandomBytes): string {
  const all = 10 ** ONE_TIME_DIGITS;
  for (;;) {
    const drawn = Buffer.from(random(4)).readUInt32BE();
    if (drawn < Math.floor(2 ** 32 / all) * all) return String(drawn % all).padStart(ONE_TIME_DIGITS, '0');
  }
}
