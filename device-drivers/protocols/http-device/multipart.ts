import { type Result, failure, ok } from '@hallhub/sync/base';

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

/** The boundary out of a `content-type`; undefined where it is no multipart. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const found = /^multipart\/[\w-]+\s*;.*?boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/is.exec(contentType ?? '');
  // Some cameras write the dashes that stand before it into the header as well.
  return (found?.[1] ?? found?.[2])?.replace(/^--/, '');
}

/**
 * RFC 2046 as cameras use it, in a stream without end or a body with one; in bounded memory, however it is cut.
 *
 * @param pictures the longest picture, in bytes, that is handed on
 */
export function createMultipartReader(
  boundary: string,
  { pictures = 0 }: { readonly pictures?: number } = {},
): MultipartReader {
  const delimiter = Buffer.from(`--${boundary}`);
  let held = Buffer.alloc(0);
  let failed = false;

  const fail = (why: string) => {
    failed = true;
    held = Buffer.alloc(0);
    return failure('E-DEV-0204', `multipart: ${why}`);
  };
  /** The part at the beginning of what is held, and what is behind it; undefined while it is not whole. */
  const cut = (): { readonly part?: Part; readonly rest: number } | { readonly why: string } | undefined => {
    const start = held.indexOf(delimiter);
    if (start < 0) return held.length > LONGEST_PART ? { why: 'no boundary' } : undefined;
    const headersAt = start + delimiter.length;
    const headersEnd = held.indexOf('\r\n\r\n', headersAt);
    if (headersEnd < 0 || headersEnd - headersAt > LONGEST_HEADERS)
      return held.length - headersAt > LONGEST_HEADERS ? { why: 'headers without end' } : undefined;
    const headers = readHeaders(held.toString('latin1', headersAt, headersEnd));
    const isPicture = /^(image|video|audio|application\/octet-stream)/i.test(headers['content-type'] ?? '');
    const longest = isPicture ? LONGEST_PICTURE : LONGEST_PART;
    const bodyAt = headersEnd + 4;
    const stated = /^\d{1,9}$/.test(headers['content-length'] ?? '') ? Number(headers['content-length']) : undefined;
    if (stated !== undefined && stated > longest) return { why: 'a part that is too long' };
    // A length is believed when a boundary follows it; some count in characters.
    let end = stated === undefined ? -1 : bodyAt + stated;
    if (stated !== undefined && held.length < end + 2 + delimiter.length) return undefined;
    const follows = end >= 0 && [0, 2].some((gap) => held.subarray(end + gap).indexOf(delimiter) === 0);
    if (!follows) end = held.indexOf(delimiter, bodyAt);
    if (end < 0) return held.length - bodyAt > longest ? { why: 'a part that is too long' } : undefined;
    const isPadded = held.toString('latin1', end - 2, end) === '\r\n' && !follows;
    const bodyEnd = isPadded ? end - 2 : end;
    const isKept = !isPicture || bodyEnd - bodyAt <= pictures;
    const body = isKept ? Buffer.from(held.subarray(bodyAt, bodyEnd)) : Buffer.alloc(0);
    return { part: { headers, body }, rest: end };
  };

  return {
    push: (bytes) => {
      if (failed) return failure('E-DEV-0204', 'multipart: it failed before');
      held = Buffer.concat([held, bytes]);
      const parts: Part[] = [];
      for (let found = cut(); found; found = cut()) {
        if ('why' in found) return fail(found.why);
        if (found.part) parts.push(found.part);
        held = Buffer.from(held.subarray(found.rest));
      }
      return ok(parts);
    },
  };
}

function readHeaders(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 1 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]];
    }),
  );
}
