import { type Framer, createFrameCutter } from '../../kit/index.ts';
import type { LockFrame, LockReading } from '../lock-board/dialect.ts';

/*
 *   57 4B 4C 59 length board command data… check
 * length: of the whole frame; check: the exclusive or of all bytes before it. Replies to an order and to a question about one
 * lock: status (00 good, FF failed), channel, lock (00 open, 01 closed). Of all locks: status, their number, a byte each.
 */
const START = [0x57, 0x4b, 0x4c, 0x59] as const;
const AROUND_DATA = 8;
const MOST_LOCKS = 64;
const LIMIT = AROUND_DATA + 2 + MOST_LOCKS;
const GOOD = 0x00;

const COMMANDS = { open: 0x82, 'query-one': 0x83, 'query-all': 0x84, push: 0x85 } as const;

export type BoardRequest =
  | { readonly board: number; readonly command: 'open' | 'query-one'; readonly lock: number }
  | { readonly board: number; readonly command: 'query-all' };

const xor = (bytes: Uint8Array, from: number, to: number): number => {
  let check = 0;
  for (let at = from; at < to; at += 1) check ^= bytes[at] ?? 0;
  return check;
};

/** @throws {RangeError} for what does not fit into a byte: a bug of the caller. */
export function encodeRequest(request: BoardRequest): Uint8Array {
  const data = request.command === 'query-all' ? [] : [request.lock];
  if (![request.board, ...data].every((value) => Number.isInteger(value) && value >= 0 && value <= 0xff))
    throw new RangeError(JSON.stringify(request));
  const length = AROUND_DATA + data.length;
  const bytes = Uint8Array.from([...START, length, request.board, COMMANDS[request.command], ...data, 0]);
  bytes[length - 1] = xor(bytes, 0, length - 1);
  return bytes;
}

export function createBoardFramer(): Framer<LockFrame> {
  return createFrameCutter<LockFrame>({
    limit: LIMIT,
    seek: (bytes, from, to) => {
      for (let at = from; at < to; at += 1) {
        if (START.every((byte, index) => at + index >= to || bytes[at + index] === byte)) return at;
      }
      return to;
    },
    measure: (bytes, start, end) => {
      if (end - start <= START.length) return undefined;
      const length = bytes[start + START.length] ?? 0;
      return length < AROUND_DATA ? 'invalid' : length;
    },
    decode: (bytes, start, end) => (xor(bytes, start, end) === 0 ? { bytes: bytes.slice(start, end) } : 'checksum'),
  });
}

export type BoardMessage =
  | { readonly type: 'open' | 'query-one'; readonly good: boolean; readonly lock: number; readonly open: boolean }
  | { readonly type: 'query-all'; readonly good: boolean; readonly doors: readonly LockReading[] }
  /** What a board says by itself when a door moves. */
  | { readonly type: 'push'; readonly lock: number; readonly open: boolean };

export const boardOf = (bytes: Uint8Array): number => bytes[5] ?? 0;

/** What a board says; undefined for what no board says, such as a request that came back. */
export function decodeMessage({ bytes }: LockFrame): BoardMessage | undefined {
  const [command] = bytes.subarray(6);
  const data = bytes.subarray(7, -1);
  const [first = 0xff, second = 0, third = 0] = data;
  const good = first === GOOD;
  switch (command) {
    case COMMANDS.open:
    case COMMANDS['query-one']:
      if (data.length !== 3) return undefined;
      return { type: command === COMMANDS.open ? 'open' : 'query-one', good, lock: second, open: third === 0 };
    case COMMANDS['query-all']:
      if (data.length !== 2 + second || data.length < 2) return undefined;
      return {
        type: 'query-all',
        good,
        doors: [...data.subarray(2)].map((state, index) => ({ lock: index + 1, open: state === 0 })),
      };
    case COMMANDS.push:
      return data.length === 2 ? { type: 'push', lock: first, open: second === 0 } : undefined;
    default:
      return undefined;
  }
}
