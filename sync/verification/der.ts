/*
 * Whether bytes are safe to hand to an ASN.1 parser, which copies at every level and calls itself: a few kilobytes of
 * nesting would cost it gigabytes. PAdES wants the CMS in DER (ISO 32000-2, 12.8.3.3.1), so that is all that is let through.
 */

const DEPTH_AT_MOST = 32;
const VALUES_AT_MOST = 20_000;

/** Length of header and content of the value at `at`; undefined: torn, indefinite, or longer than `end`. */
function measure(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly content: number; readonly next: number } | undefined {
  // Tags above 30 stand in no structure that is read here.
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (at + 2 > end || tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  if (first < 0x80) return at + 2 + first <= end ? { content: at + 2, next: at + 2 + first } : undefined;
  const count = first & 0x7f;
  if (count === 0 || count > 4 || at + 2 + count > end) return undefined;
  const length = bytes.subarray(at + 2, at + 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
  const content = at + 2 + count;
  return content + length <= end ? { content, next: content + length } : undefined;
}

/** The bytes of the one value at the beginning, by its own length; undefined where there is none. */
export function firstValue(bytes: Uint8Array): Uint8Array | undefined {
  const whole = measure(bytes, 0, bytes.length);
  return whole && bytes.subarray(0, whole.next);
}

/** Exactly one value of definite lengths throughout, of bounded depth and number. Never throws. */
export function isBoundedDer(bytes: Uint8Array): boolean {
  const ends = [bytes.length];
  let at = 0;
  for (let values = 0; values < VALUES_AT_MOST; values++) {
    const end = ends.at(-1) ?? 0;
    const value = measure(bytes, at, end);
    if (!value) return false;
    const constructed = ((bytes[at] ?? 0) & 0x20) !== 0;
    if (constructed && value.next > value.content) {
      if (ends.length >= DEPTH_AT_MOST) return false;
      ends.push(value.next);
      at = value.content;
    } else {
      at = value.next;
    }
    while (ends.length > 1 && at === ends.at(-1)) ends.pop();
    if (ends.length === 1) return at === bytes.length;
  }
  return false;
}
