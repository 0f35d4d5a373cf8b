import { createHash } from 'node:crypto';
import { type Result, failure, ok } from '@hallhub/sync/base';

/*
 * Where a signature goes in a PDF (ISO 32000-2, 12.8): the file holds a `/Contents` string of zeros and a `/ByteRange` that
 * names everything but that string. Both are written beforehand with room to spare, so that filling them in moves nothing.
 */

/** What {@link placeholderRange} writes: each number as wide as the largest that may come. */
export const WIDEST = 9_999_999_999;

export interface SignatureRoom {
  /** Of the `<` of `/Contents`, and of the byte behind its `>`. */
  readonly start: number;
  readonly end: number;
}

/**
 * Fills in `/ByteRange`, and says where the signature goes and what it is over. The PDF given is not changed.
 * Error: `E-CERT-0503` the file has no room for a signature, or more than one.
 */
export function openRoom(
  pdf: Uint8Array,
): Result<{ readonly pdf: Uint8Array; readonly room: SignatureRoom; readonly digest: Uint8Array }> {
  const text = Buffer.from(pdf).toString('latin1');
  const ranges = [...text.matchAll(/\/ByteRange\s*\[\s*0\s+9999999999\s+9999999999\s+9999999999\s*\]/g)];
  const [range] = ranges;
  const contents = /\/Contents\s*(<0+>)/.exec(text);
  if (!range || !contents || ranges.length > 1) return failure('E-CERT-0503', 'no room');
  const start = contents.index + contents[0].indexOf('<');
  const end = contents.index + contents[0].length;
  const filled = `/ByteRange [0 ${start} ${end} ${pdf.length - end}]`.padEnd(range[0].length, ' ');
  const out = Uint8Array.from(pdf);
  out.set(Buffer.from(filled, 'latin1'), range.index);
  const digest = createHash('sha256').update(out.subarray(0, start)).update(out.subarray(end)).digest();
  return ok({ pdf: out, room: { start, end }, digest });
}

/** Writes the signature into its room, in place. Error: `E-CERT-0503` it is too long. */
export function fillRoom(pdf: Uint8Array, { start, end }: SignatureRoom, cms: Uint8Array): Result<void> {
  const digits = end - start - 2;
  if (cms.length * 2 > digits) return failure('E-CERT-0503', `${cms.length} bytes into ${digits / 2}`);
  const hex = Buffer.from(cms).toString('hex').padEnd(digits, '0');
  pdf.set(Buffer.from(hex, 'latin1'), start + 1);
  return ok();
}
