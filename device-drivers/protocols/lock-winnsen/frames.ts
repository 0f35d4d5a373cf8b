import { type Framer, createFrameCutter } from '../../kit/index.ts';
import type { LockFrame, LockReading } from '../lock-board/dialect.ts';

/*
 * V202104, and a firmware that swaps two fields. No check at all: every field is held against what was asked, and a reading
 * counts once it came twice.
 *   open   90 06 05 station lock 03 → 90 07 85 station lock status 03
 *   other  90 06 12 station lock 03 → 90 07 92 station status lock 03
 *   poll   90 07 02 station FF FF 03 → 90 07 82 station low high 03   a bit of 1 is an open door
 */
const START = 0x90;
const END = 0x03;
const REPLY_BYTES = 7;
const REPLIES: ReadonlySet<number> = new Set([0x82, 0x85, 0x92]);

export type OpenForm = 'lock-status' | 'status-lock';

export type BoardRequest =
  | { readonly station: number; readonly order: 'open'; readonly form: OpenForm; readonly lock: number }
  | { readonly station: number; readonly order: 'poll' };

/** @throws {RangeError} for a station or a lock that there cannot be: a bug of the caller. */
export function encodeRequest(request: BoardRequest): Uint8Array {
  const { station } = request;
  const lock = request.order === 'open' ? request.lock : 1;
  if (!Number.isInteger(station) || station < 0 || station > 0xff || !Number.isInteger(lock) || lock < 1 || lock > 16)
    throw new RangeError(JSON.stringify(request));
  if (request.order === 'poll') return Uint8Array.of(START, 7, 0x02, station, 0xff, 0xff, END);
  return Uint8Array.of(START, 6, request.form === 'lock-status' ? 0x05 : 0x12, station, lock, END);
}

export function createBoardFramer(): Framer<LockFrame> {
  const head = (bytes: Uint8Array, at: number, to: number): boolean =>
    bytes[at] === START &&
    (at + 1 >= to || bytes[at + 1] === REPLY_BYTES) &&
    (at + 2 >= to || REPLIES.has(bytes[at + 2] ?? 0));
  return createFrameCutter<LockFrame>({
    limit: REPLY_BYTES * 4,
    seek: (bytes, from, to) => {
      for (let at = from; at < to; at += 1) if (head(bytes, at, to)) return at;
      return to;
    },
    measure: () => REPLY_BYTES,
    decode: (bytes, start, end) => (bytes[end - 1] === END ? { bytes: bytes.slice(start, end) } : 'noise'),
  });
}

export type BoardReply =
  | { readonly type: 'doors'; readonly station: number; readonly doors: readonly LockReading[] }
  | {
      readonly type: 'opened';
      readonly form: OpenForm;
      readonly station: number;
      readonly lock: number;
      readonly status: number;
    };

export function decodeReply({ bytes }: LockFrame): BoardReply {
  const [, , command, station = 0, first = 0, second = 0] = bytes;
  if (command === 0x82) {
    const bits = first | (second << 8);
    return {
      type: 'doors',
      station,
      doors: Array.from({ length: 16 }, (_, lock) => ({ lock: lock + 1, open: ((bits >> lock) & 1) === 1 })),
    };
  }
  return command === 0x85
    ? { type: 'opened', form: 'lock-status', station, lock: first, status: second }
    : { type: 'opened', form: 'status-lock', station, lock: second, status: first };
}
