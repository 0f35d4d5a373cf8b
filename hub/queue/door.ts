import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock, EpochMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';

/** The code that the poster or board at a hall's door shows, so that only who stands there takes a number by phone. */
export interface Door {
  code(hall: string): { readonly code: string; readonly until: EpochMs };
  /** Also the code before, so that nobody fails who scanned in the last moment. */
  isOpen(hall: string, code: string): boolean;
}

/** A code is shown for so long, in milliseconds. */
const SHOWN = 300_000;

/** Codes are computed, not kept: they are the same after a restart. @param key from the vault */
export function createDoor({ key, clock }: { readonly key: Buffer; readonly clock: Pick<Clock, 'now'> }): Door {
  const at = (hall: string, turn: number): string =>
    createHmac('sha256', key).update(`${hall}/${turn}`).digest('base64url').slice(0, 12);
  const turn = (): number => Math.floor(clock.now() / SHOWN);
  const equal = (given: string, expected: string): boolean =>
    given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
  return {
    code: (hall) => ({ code: at(hall, turn()), until: epochMs((turn() + 1) * SHOWN) }),
    isOpen: (hall, code) =>
      /^[\w-]{12}$/.test(code) && [turn(), turn() - 1].some((shown) => equal(code, at(hall, shown))),
  };
}
