import { type Framer, createFrameCutter } from '../../kit/index.ts';
import type { LockFrame, LockReading } from '../lock-board/dialect.ts';

/*
 * The board behind many names (硕铭 and others), without a length in its frames:
 *   open        8A board lock 11 [seconds] check
 *   taken       8A board lock state check; of some boards with 80 in front
 *   query       80 board 00 33 check (all), 80 board lock 33 check (one)
 *   all doors   80 board state… 33 check
 * check: the exclusive or of all bytes before it. What 11 and 00, and a 1 in a state byte, mean depends on how the locks are wired.
 */
const OPEN = 0x8a;
const QUERY = 0x80;
const STATES_END = 0x33;
const SHORT_BYTES = 5;
/** Mark, board, end of the states, check. */
const AROUND_STATES = 4;
/** Boards with 64 locks at the most. */
const MOST_STATES = 8;

export type BoardRequest =
  | { readonly board: number; readonly order: 'open'; readonly lock: number; readonly seconds?: number }
  | { readonly board: number; readonly order: 'query'; readonly lock: number }
  | { readonly board: number; readonly order: 'query-all' }
  | { readonly board: number; readonly order: 'who-is-there' };

const xor = (bytes: Uint8Array, from: number, to: number): number => {
  let check = 0;
  for (let at = from; at < to; at += 1) check ^= bytes[at] ?? 0;
  return check;
};

function body(request: BoardRequest): readonly number[] {
  const { board } = request;
  switch (request.order) {
    case 'open':
      return [OPEN, board, request.lock, 0x11, ...(request.seconds === undefined ? [] : [request.seconds])];
    case 'query':
      return [QUERY, board, request.lock, STATES_END];
    case 'query-all':
      return [QUERY, board, 0, STATES_END];
    case 'who-is-there':
      return [QUERY, board, 0, 0x99];
  }
}

/** @throws {RangeError} for what does not fit into a byte, and for lock 0, which would be every lock: a bug of the caller. */
export function encodeRequest(request: BoardRequest): Uint8Array {
  const bytes = body(request);
  const isByte = bytes.every((value) => Number.isInteger(value) && value >= 0 && value <= 0xff);
  if (!isByte || ('lock' in request && request.lock === 0)) throw new RangeError(JSON.stringify(request));
  const frame = Uint8Array.from([...bytes, 0]);
  frame[bytes.length] = xor(frame, 0, bytes.length);
  return frame;
}

/** Frames of five bytes: what an order or a question about one lock is answered with. */
export function createShortFramer(mark: 'own' | 'status'): Framer<LockFrame> {
  const head = mark === 'own' ? OPEN : QUERY;
  return createFrameCutter<LockFrame>({
    limit: SHORT_BYTES * 4,
    seek: (bytes, from, to) => {
      const at = bytes.indexOf(head, from);
      return at === -1 || at > to ? to : at;
    },
    measure: () => SHORT_BYTES,
    decode: (bytes, start, end) => (xor(bytes, start, end) === 0 ? { bytes: bytes.slice(start, end) } : 'checksum'),
  });
}

/** Board, lock and state of a short frame. */
export function decodeShort({ bytes }: LockFrame): { board: number; lock: number; state: number } {
  const [, board = 0, lock = 0, state = 0] = bytes;
  return { board, lock, state };
}

const isStates = (bytes: Uint8Array, start: number, end: number): boolean =>
  end - start > AROUND_STATES && bytes[end - 2] === STATES_END && xor(bytes, start, end) === 0;

/** Replies of one board with so many bytes of states. */
export function createStatesFramer(board: number, states: number): Framer<LockFrame> {
  const length = AROUND_STATES + states;
  return createFrameCutter<LockFrame>({
    limit: length * 4,
    seek: (bytes, from, to) => seekReply(bytes, from, to, board),
    measure: () => length,
    decode: (bytes, start, end) => {
      if (bytes[end - 2] !== STATES_END) return 'noise';
      return xor(bytes, start, end) === 0 ? { bytes: bytes.slice(start, end) } : 'checksum';
    },
  });
}

function seekReply(bytes: Uint8Array, from: number, to: number, board: number): number {
  for (let at = from; at < to; at += 1) {
    if (bytes[at] === QUERY && (at + 1 >= to || bytes[at + 1] === board)) return at;
  }
  return to;
}

/**
 * The same where nobody knows how many states a board sends: a pause ends the frame. What came by then may be an echo with
 * the reply behind it, or a reply twice, whose checks together are right as well: the shortest frame counts that ends where
 * the bytes end or another one begins.
 */
export function createPausedStatesFramer(board: number): Framer<LockFrame> {
  const limit = 4 * (AROUND_STATES + MOST_STATES);
  let kept = new Uint8Array();

  const endOf = (start: number): number | undefined => {
    for (let states = 1; states <= MOST_STATES; states += 1) {
      const end = start + AROUND_STATES + states;
      if (end > kept.length) return undefined;
      const nothingTorn = end === kept.length || (kept[end] === QUERY && kept[end + 1] === board);
      if (nothingTorn && isStates(kept, start, end)) return end;
    }
    return undefined;
  };
  return {
    limit,
    push: (bytes) => {
      const all = new Uint8Array([...kept, ...bytes]);
      const over = Math.max(0, all.length - limit);
      kept = all.slice(over);
      return over > 0 ? [{ kind: 'discarded', bytes: all.slice(0, over), why: 'overflow' }] : [];
    },
    flush: () => {
      const framed: ReturnType<Framer<LockFrame>['flush']> = [];
      let junk = 0;
      const discard = (until: number): void => {
        if (until > junk) framed.push({ kind: 'discarded', bytes: kept.slice(junk, until), why: 'checksum' });
      };
      for (let at = seekReply(kept, 0, kept.length, board); at < kept.length;) {
        const end = endOf(at);
        if (end === undefined) {
          at = seekReply(kept, at + 1, kept.length, board);
          continue;
        }
        discard(at);
        framed.push({ kind: 'frame', frame: { bytes: kept.slice(at, end) } });
        junk = end;
        at = seekReply(kept, end, kept.length, board);
      }
      discard(kept.length);
      kept = new Uint8Array();
      return framed;
    },
  };
}

export interface Wiring {
  /** What a bit of a state byte is while its door is open. */
  readonly openBit: 0 | 1;
  /** Which locks the first state byte is about. */
  readonly groups: 'highest-first' | 'lowest-first';
}

/** How the doors stand by a frame with states; there are as many locks as it has bits. */
export function decodeStates({ bytes }: LockFrame, { openBit, groups }: Wiring): readonly LockReading[] {
  const sent = [...bytes.subarray(2, -2)];
  const states = groups === 'highest-first' ? sent.reverse() : sent;
  return states.flatMap((state, group) =>
    Array.from({ length: 8 }, (_, bit) => ({ lock: group * 8 + bit + 1, open: ((state >> bit) & 1) === openBit })),
  );
}
