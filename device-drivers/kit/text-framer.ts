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
  const ending = createMatcher(suffix);

  const discardAll = (into: Framed<TextLine>[], why: 'noise' | 'overflow' | 'timeout'): void => {
    if (length > 0) into.push({ kind: 'discarded', bytes: buffer.slice(0, length), why });
    length = 0;
  };
  const finish = (into: Framed<TextLine>[], suffixLength: number): void => {
    const start = Buffer.from(buffer.buffer, 0, length).indexOf(prefix);
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

  return {
    limit,
    push: (bytes) => {
      const framed: Framed<TextLine>[] = [];
      let skippedFrom = 0;
      const tellSkipped = (until: number): void => {
        if (until > skippedFrom)
          framed.push({ kind: 'discarded', bytes: bytes.slice(skippedFrom, until), why: 'overflow' });
      };
      for (let index = 0; index < bytes.length; index += 1) {
        const byte = bytes[index] ?? 0;
        const ends = ending.take(byte);
        if (skipping) {
          if (!ends) continue;
          tellSkipped(index + 1);
          skipping = false;
          continue;
        }
        buffer[length] = byte;
        length += 1;
        if (ends) finish(framed, suffix.length);
        else if (length === limit) {
          discardAll(framed, 'overflow');
          skipping = true;
          skippedFrom = index + 1;
        }
      }
      if (skipping) tellSkipped(bytes.length);
      return framed;
    },
    flush: () => {
      const framed: Framed<TextLine>[] = [];
      skipping = false;
      ending.reset();
      if (length > 0) {
        if (endsByPause) finish(framed, 0);
        else discardAll(framed, 'timeout');
      }
      return framed;
    },
  };
}

/** Follows a run of bytes, and says of each whether the pattern ends with it. Each byte costs a step (Knuth, Morris, Pratt). */
function createMatcher(pattern: Uint8Array): { take(byte: number): boolean; reset(): void } {
  /** By how much is matched: how much still is when the next byte does not fit. */
  const shorter = new Uint16Array(pattern.length + 1);
  for (let at = 1, matched = 0; at < pattern.length; at += 1) {
    while (matched > 0 && pattern[at] !== pattern[matched]) matched = shorter[matched] ?? 0;
    if (pattern[at] === pattern[matched]) matched += 1;
    shorter[at + 1] = matched;
  }
  let matched = 0;
  return {
    take: (byte) => {
      if (pattern.length === 0) return false;
      while (matched > 0 && pattern[matched] !== byte) matched = shorter[matched] ?? 0;
      if (pattern[matched] === byte) matched += 1;
      if (matched < pattern.length) return false;
      matched = 0;
      return true;
    },
    reset: () => {
      matched = 0;
    },
  };
}
