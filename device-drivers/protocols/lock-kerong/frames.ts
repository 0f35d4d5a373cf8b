import { type Framer, createFrameCutter } from '../../kit/index.ts';
import type { LockFrame, LockReading } from '../lock-board/dialect.ts';

/*
 * CU12 and CU16:
 *   request  02 where command 03 sum            where: board in the high four bits, lock - 1 in the low four
 *   doors    02 board·16 35 h1 h2 i1 i2 03 sum  h: 1 is locked, i: 1 is something inside; lock 1 in bit 0 of the first byte
 * sum: of all bytes before it. It is weak (all locked and empty has that of lock 1 open and full), so every field is checked.
 */
const START = 0x02;
const END = 0x03;
const DOORS = 0x35;
const DOORS_BYTES = 9;
const COMMANDS = { status: 0x30, unlock: 0x31 } as const;

export interface BoardRequest {
  readonly command: keyof typeof COMMANDS;
  readonly board: number;
  /** From 1; of a question about all of them it is left out. */
  readonly lock?: number;
}

const sum = (bytes: Uint8Array, from: number, to: number): number => {
  let total = 0;
  for (let at = from; at < to; at += 1) total += bytes[at] ?? 0;
  return total & 0xff;
};

/** @throws {RangeError} for a board or a lock that there cannot be: a bug of the caller. */
export function encodeRequest({ command, board, lock = 1 }: BoardRequest): Uint8Array {
  const fits =
    Number.isInteger(board) && Number.isInteger(lock) && board >= 0 && board <= 15 && lock >= 1 && lock <= 16;
  if (!fits) throw new RangeError(`board ${board}, lock ${lock}`);
  const bytes = Uint8Array.of(START, (board << 4) | (lock - 1), COMMANDS[command], END, 0);
  bytes[4] = sum(bytes, 0, 4);
  return bytes;
}

export function createDoorsFramer(): Framer<LockFrame> {
  return createFrameCutter<LockFrame>({
    limit: DOORS_BYTES * 4,
    seek: (bytes, from, to) => {
      for (let at = from; at < to; at += 1) {
        if (bytes[at] === START && (at + 2 >= to || bytes[at + 2] === DOORS)) return at;
      }
      return to;
    },
    measure: () => DOORS_BYTES,
    decode: (bytes, start, end) => {
      if (bytes[end - 2] !== END || ((bytes[start + 1] ?? 0) & 0x0f) !== 0) return 'noise';
      return sum(bytes, start, end - 1) === bytes[end - 1] ? { bytes: bytes.slice(start, end) } : 'checksum';
    },
  });
}

export const boardOf = (bytes: Uint8Array): number => (bytes[1] ?? 0) >> 4;

/** How the doors stand, and what lies behind them where the boards have sensors for it. */
export function decodeDoors({ bytes }: LockFrame, items: boolean): readonly LockReading[] {
  const bit = (at: number, lock: number): boolean => (((bytes[at + (lock >> 3)] ?? 0) >> (lock & 7)) & 1) === 1;
  return Array.from({ length: 16 }, (_, lock) => ({
    lock: lock + 1,
    open: !bit(3, lock),
    ...(items && { occupied: bit(5, lock) }),
  }));
}
