import type { EpochMs, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';

/*
 * The box on the bus has a clock, a key of its own and no line. While it stands at its hub it is told the day's stops; on the way
 * it opens for a code that belongs to one run, one stop and one time, and once.
 */

export interface BoxStop {
  readonly run: string;
  /** The hub at which it stops. */
  readonly stop: string;
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/** HMAC-SHA-256 under the box's key. */
export type Mac = (text: string) => Uint8Array;

/** Eight digits. */
export function boxCode(mac: Mac, { run, stop, from, to }: BoxStop): string {
  const bytes = mac(`bus-box:${run}:${stop}:${from}:${to}`);
  const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
  return (value % 100_000_000n).toString().padStart(8, '0');
}

export interface BoxMemory {
  /** Codes that have opened it. */
  readonly used: readonly string[];
  readonly wrong: number;
  readonly lockedUntil: EpochMs;
}

export const NEW_BOX: BoxMemory = { used: [], wrong: 0, lockedUntil: 0 as EpochMs };
/** Of eight digits a million tries find one in a hundred: five in a quarter of an hour are no danger. */
const TRIES = 5;
const LOCK_MS = 900_000;

export interface BoxAnswer {
  readonly memory: BoxMemory;
  /** Errors: `E-CUST-0501` wrong, used before, or not now; `E-CUST-0502` too often wrong: wait. */
  readonly answer: Result<BoxStop>;
}

/** What the box decides alone. */
export function tryBoxCode(
  stops: readonly BoxStop[],
  mac: Mac,
  { code, now, memory }: { readonly code: string; readonly now: EpochMs; readonly memory: BoxMemory },
): BoxAnswer {
  if (now < memory.lockedUntil) return { memory, answer: failure('E-CUST-0502') };
  const stop = stops.find((one) => one.from <= now && now < one.to && boxCode(mac, one) === code);
  const key = stop && `${stop.run}/${stop.stop}/${stop.from}`;
  if (!stop || key === undefined || memory.used.includes(key)) {
    const wrong = memory.wrong + 1;
    const isLocked = wrong >= TRIES;
    return {
      memory: {
        ...memory,
        wrong: isLocked ? 0 : wrong,
        lockedUntil: isLocked ? ((now + LOCK_MS) as EpochMs) : memory.lockedUntil,
      },
      answer: failure('E-CUST-0501'),
    };
  }
  return { memory: { ...memory, used: [...memory.used, key], wrong: 0 }, answer: ok(stop) };
}
