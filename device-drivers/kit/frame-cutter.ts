import type { DiscardReason, Framed, Framer } from './framer.ts';

/** What a protocol's frames look like in a run of bytes. All positions are indices into `bytes`. */
export interface FrameShape<F> {
  /** The longest frame; what would be longer is no frame. */
  readonly limit: number;
  /** Where in [from, to) the next frame may start: its first bytes match as far as they are there. `to` for nowhere. */
  seek(bytes: Uint8Array, from: number, to: number): number;
  /** The whole length of the frame at `start`; undefined while too little of it is here, `invalid` when it cannot be one. */
  measure(bytes: Uint8Array, start: number, end: number): number | 'invalid' | undefined;
  /** The frame in [start, end), copied out of `bytes`, or why it is none. */
  decode(bytes: Uint8Array, start: number, end: number): F | DiscardReason;
}

/** A chunk of a usual line fits in whole, however short its frames are. */
const LEAST_BUFFER = 512;

/**
 * A framer from a frame's shape. It keeps its place: a byte is looked at when it comes and, at most, once more for every
 * false start in front of it, so the time is linear in what is pushed. What is kept is moved to the front only when the
 * buffer's end is reached, which is at least as long as the longest frame away: each byte is moved once at the most.
 */
export function createFrameCutter<F extends object>(shape: FrameShape<F>): Framer<F> {
  const buffer = new Uint8Array(Math.max(2 * shape.limit, LEAST_BUFFER));
  /** [head, tail) is kept. Everything before `head` is decided. */
  let head = 0;
  let tail = 0;

  /** Cuts what can be cut; `final` gives up what is incomplete, too. */
  const cut = (into: Framed<F>[], final: boolean): void => {
    let junk = head;
    let why: DiscardReason = 'noise';
    const discard = (until: number): void => {
      if (until > junk) into.push({ kind: 'discarded', bytes: buffer.slice(junk, until), why });
      junk = until;
      why = 'noise';
    };
    const falseStart = (reason: DiscardReason): void => {
      if (why === 'noise') why = reason;
      head += 1;
    };
    for (;;) {
      head = shape.seek(buffer, head, tail);
      if (head >= tail) break;
      const length = shape.measure(buffer, head, tail);
      if (length === 'invalid' || (length ?? tail - head) > shape.limit) {
        falseStart('length');
        continue;
      }
      if (length === undefined || head + length > tail) {
        if (!final) break;
        falseStart('timeout');
        continue;
      }
      const frame = shape.decode(buffer, head, head + length);
      if (typeof frame === 'string') {
        falseStart(frame);
        continue;
      }
      discard(head);
      into.push({ kind: 'frame', frame });
      head += length;
      junk = head;
    }
    discard(head);
    if (head === tail) head = tail = 0;
  };

  return {
    limit: shape.limit,
    push: (bytes) => {
      const framed: Framed<F>[] = [];
      for (let taken = 0; taken < bytes.length;) {
        if (tail === buffer.length) {
          buffer.copyWithin(0, head, tail);
          tail -= head;
          head = 0;
        }
        const room = Math.min(buffer.length - tail, bytes.length - taken);
        buffer.set(taken === 0 && room === bytes.length ? bytes : bytes.subarray(taken, taken + room), tail);
        tail += room;
        taken += room;
        cut(framed, false);
      }
      return framed;
    },
    flush: () => {
      const framed: Framed<F>[] = [];
      cut(framed, true);
      return framed;
    },
  };
}
