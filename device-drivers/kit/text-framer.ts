import type { Framed, Framer } from './framer.ts';

/** One line of a device that talks by itself: a scanner, a reader with a serial output. */
export interface TextLine {
  /** Between prefix and suffix. */
  readonly payload: Uint8Array;
  /** As it came, with both. */
  readonly bytes: Uint8Array;
}

export interface TextFramerOptions {
  /** What each line begins with; nothing by default. Bytes before it are noise. */
  readonly prefix?: Uint8Array;
  /** What each line ends with. Empty: lines end by a pause alone. */
  readonly suffix: Uint8Array;
  /** The longest line, prefix and suffix included. What is longer is discarded to its end, never cut into a shorter line. */
  readonly limit: number;
  /** A line without its suffix counts as whole when the device pauses; true by default. */
  readonly endsByPause?: boolean;
}

/** Cuts lines at their suffix, and at a pause ({@link Framer.flush}). Lines without payload are no lines. */
export function createTextFramer(options: TextFramerOptions): Framer<TextLine> {
  const { prefix = new Uint8Array(), suffix, limit, endsByPause = true } = options;
  const buffer = new Uint8Array(limit);
  let length = 0;
  /** In the middle of a line that is too long already. */
  let skipping = false;
  /** The last bytes of what is skipped, to find its suffix. */
  let tail: number[] = [];

  const endsWith = (bytes: ArrayLike<number>, end: number): boolean => {
    if (suffix.length === 0 || end < suffix.length) return false;
    for (let index = 0; index < suffix.length; index += 1) {
      if (bytes[end - suffix.length + index] !== suffix[index]) return false;
    }
    return true;
  };
  const discardAll = (into: Framed<TextLine>[], why: 'noise' | 'overflow' | 'timeout'): void => {
    if (length > 0) into.push({ kind: 'discarded', bytes: buffer.slice(0, length), why });
    length = 0;
  };
  const finish = (into: Framed<TextLine>[], suffixLength: number): void => {
    const start = prefix.length === 0 ? 0 : indexOf(buffer, length, prefix);
    const from = start + prefix.length;
    if (start === -1 || from >= length - suffixLength) {
      discardAll(into, 'noise');
      return;
    }
    if (start > 0) into.push({ kind: 'discarded', bytes: buffer.slice(0, start), why: 'noise' });
    const bytes = buffer.slice(start, length);
    into.push({
      kind: 'frame',
      frame: { payload: bytes.slice(prefix.length, bytes.length - suffixLength), bytes },
    });
    length = 0;
  };
  const take = (byte: number, into: Framed<TextLine>[], skipped: number[]): void => {
    if (skipping) {
      skipped.push(byte);
      tail = [...tail, byte].slice(-suffix.length);
      if (endsWith(tail, tail.length)) skipping = false;
      return;
    }
    buffer[length] = byte;
    length += 1;
    if (endsWith(buffer, length)) finish(into, suffix.length);
    else if (length === limit) {
      discardAll(into, 'overflow');
      skipping = true;
      tail = [];
    }
  };

  return {
    limit,
    push: (bytes) => {
      const framed: Framed<TextLine>[] = [];
      let skipped: number[] = [];
      const tellSkipped = (): void => {
        if (skipped.length > 0) framed.push({ kind: 'discarded', bytes: Uint8Array.from(skipped), why: 'overflow' });
        skipped = [];
      };
      for (const byte of bytes) {
        take(byte, framed, skipped);
        if (!skipping) tellSkipped();
      }
      tellSkipped();
      return framed;
    },
    flush: () => {
      const framed: Framed<TextLine>[] = [];
      skipping = false;
      if (length > 0) {
        if (endsByPause) finish(framed, 0);
        else discardAll(framed, 'timeout');
      }
      return framed;
    },
  };
}

function indexOf(bytes: Uint8Array, end: number, wanted: Uint8Array): number {
  for (let at = 0; at + wanted.length <= end; at += 1) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}
