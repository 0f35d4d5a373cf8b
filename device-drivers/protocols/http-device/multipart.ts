import { type Result, failure, ok } from '@hallhub/sync/base';
import { createByteQueue } from './byte-queue.ts';

export interface Part {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for a picture that nobody wants or that is too long to go on. */
  readonly body: Uint8Array;
}

export interface MultipartReader {
  /** The parts that are whole now. Errors: `E-DEV-0204` a part that is too long or has no end to its headers; it reads no further. */
  push(bytes: Uint8Array): Result<readonly Part[]>;
}

/** A whole event; pictures may be longer. */
const LONGEST_PART = 262_144;
const LONGEST_PICTURE = 4_194_304;
const LONGEST_HEADERS = 8_192;
const LINE_END = Buffer.from('\r\n');
const BLANK_LINE = Buffer.from('\r\n\r\n');

/** The boundary out of a `content-type`; undefined where it is no multipart. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const found = /^multipart\/[\w-]+\s*;.*?boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/is.exec(contentType ?? '');
  // Some cameras write the dashes that stand before it into the header as well.
  return (found?.[1] ?? found?.[2])?.replace(/^--/, '');
}

/** A part whose headers are read. Positions are counted from the beginning of its body, of which nothing need be here any more. */
interface Body {
  readonly headers: Part['headers'];
  readonly isPicture: boolean;
  /** It goes on, so nothing of it is let go. Of other pictures nothing is kept. */
  keeps: boolean;
  readonly stated: number | undefined;
  /** How much of it has been let go. */
  gone: number;
  /** No boundary begins before this. */
  searched: number;
  /** Where the first boundary begins. */
  boundary: number | undefined;
}

/** What to do next: with more bytes, at once, or never again. */
type Step = 'wait' | 'again' | { readonly part: Part } | { readonly why: string };

/**
 * RFC 2046 as cameras use it, in a stream without end or a body with one; in bounded memory and linear time, however it is cut.
 *
 * @param pictures the longest picture, in bytes, that is handed on
 */
export function createMultipartReader(
  boundary: string,
  { pictures = 0 }: { readonly pictures?: number } = {},
): MultipartReader {
  const delimiter = Buffer.from(`--${boundary}`);
  const queue = createByteQueue();
  let failed = false;
  let state: 'between' | 'headers' | Body = 'between';
  /** In front of the first boundary, or between two parts. */
  let skipped = 0;
  let searched = 0;

  const between = (): Step => {
    const { held } = queue;
    const at = held.indexOf(delimiter);
    if (at < 0) {
      const gone = Math.max(0, held.length - delimiter.length + 1);
      queue.drop(gone);
      skipped += gone;
      return skipped > LONGEST_PART ? { why: 'no boundary' } : 'wait';
    }
    queue.drop(at + delimiter.length);
    [state, searched, skipped] = ['headers', 0, 0];
    return 'again';
  };
  const headersEnd = (): Step => {
    const { held } = queue;
    const end = held.indexOf(BLANK_LINE, searched);
    searched = Math.max(0, held.length - BLANK_LINE.length + 1);
    if (end < 0 || end > LONGEST_HEADERS)
      return held.length > LONGEST_HEADERS ? { why: 'headers without end' } : 'wait';
    const headers = readHeaders(held.toString('latin1', 0, end));
    const isPicture = /^(image|video|audio|application\/octet-stream)/i.test(headers['content-type'] ?? '');
    const length = headers['content-length'] ?? '';
    const stated = /^\d{1,9}$/.test(length) ? Number(length) : undefined;
    if (stated !== undefined && stated > longestOf(isPicture)) return { why: 'a part that is too long' };
    queue.drop(end + BLANK_LINE.length);
    const keeps = !isPicture || (pictures > 0 && (stated ?? 0) <= pictures);
    state = { headers, isPicture, keeps, stated, gone: 0, searched: 0, boundary: undefined };
    return 'again';
  };
  /** A length is believed when a boundary follows it; some count in characters. Undefined while that cannot be said. */
  const isBelieved = ({ stated, gone }: Body, here: number): boolean | undefined => {
    if (stated === undefined) return false;
    if (here < stated + LINE_END.length + delimiter.length) return undefined;
    return [0, LINE_END.length].some((gap) => {
      const from = stated + gap - gone;
      return queue.held.subarray(from, from + delimiter.length).equals(delimiter);
    });
  };
  const body = (part: Body): Step => {
    const { held } = queue;
    const here = part.gone + held.length;
    if (part.boundary === undefined) {
      const at = held.indexOf(delimiter, part.searched - part.gone);
      if (at >= 0) part.boundary = part.gone + at;
      part.searched = Math.max(part.searched, here - delimiter.length + 1);
    }
    const believed = isBelieved(part, here);
    const end = believed === true ? part.stated : believed === false ? part.boundary : undefined;
    if (end !== undefined) {
      const whole = part.keeps ? Buffer.from(held.subarray(0, end)) : Buffer.alloc(0);
      const isPadded = believed !== true && whole.subarray(-LINE_END.length).equals(LINE_END);
      queue.drop(end - part.gone);
      state = 'between';
      const trimmed = isPadded ? whole.subarray(0, -LINE_END.length) : whole;
      const goesOn = !part.isPicture || trimmed.length <= pictures;
      return { part: { headers: part.headers, body: goesOn ? trimmed : Buffer.alloc(0) } };
    }
    if (believed === false && here > longestOf(part.isPicture)) return { why: 'a part that is too long' };
    // By then a picture that is short enough would have ended.
    if (part.isPicture && here > pictures + LINE_END.length + delimiter.length) part.keeps = false;
    if (!part.keeps) {
      // Up to where it may end: at its first boundary, at its stated length, or anywhere behind what was searched.
      const free = Math.min(part.boundary ?? part.searched, part.stated ?? here, here);
      queue.drop(free - part.gone);
      part.gone = Math.max(part.gone, free);
    }
    return 'wait';
  };
  const step = (): Step => (state === 'between' ? between() : state === 'headers' ? headersEnd() : body(state));

  return {
    push: (bytes) => {
      if (failed) return failure('E-DEV-0204', 'multipart: it failed before');
      queue.push(bytes);
      const parts: Part[] = [];
      for (let next = step(); next !== 'wait'; next = step()) {
        if (next === 'again') continue;
        if ('part' in next) parts.push(next.part);
        else {
          failed = true;
          queue.drop(queue.held.length);
          return failure('E-DEV-0204', `multipart: ${next.why}`);
        }
      }
      return ok(parts);
    },
  };
}

const longestOf = (isPicture: boolean): number => (isPicture ? LONGEST_PICTURE : LONGEST_PART);

function readHeaders(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 1 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]];
    }),
  );
}
