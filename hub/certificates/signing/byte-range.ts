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

/** A signature as it stands in a PDF. */
export interface FoundSignature {
  readonly byteRange: readonly [number, number, number, number];
  /** DER, zero padding cut off. */
  readonly cms: Uint8Array;
  readonly digest: Uint8Array;
  /** Whether everything but the signature itself is under it, to the last byte of the file. */
  readonly coversWholeFile: boolean;
}

/**
 * Every signature of a PDF, in file order. What is no signature by its form is not returned: whoever asks for a valid one
 * finds none. Reads the bytes as they stand and resolves no objects; the digest is over what `/ByteRange` says.
 */
export function findSignatures(pdf: Uint8Array): readonly FoundSignature[] {
  const text = Buffer.from(pdf).toString('latin1');
  return [...text.matchAll(/\/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]/g)].flatMap(
    (match): FoundSignature[] => {
      const [a = 0, b = 0, c = 0, d = 0] = match.slice(1).map(Number);
      if (a !== 0 || b >= c || c + d > pdf.length) return [];
      const hole = text.slice(b, c);
      if (!/^<[0-9a-fA-F]+>$/.test(hole)) return [];
      const cms = cut(Buffer.from(hole.slice(1, -1), 'hex'));
      if (!cms) return [];
      const digest = createHash('sha256')
        .update(pdf.subarray(0, b))
        .update(pdf.subarray(c, c + d))
        .digest();
      return [{ byteRange: [a, b, c, d], cms, digest, coversWholeFile: c + d === pdf.length }];
    },
  );
}

/** The DER object at the beginning, by its own length. */
function cut(bytes: Uint8Array): Uint8Array | undefined {
  const [tag, first] = bytes;
  if (tag !== 0x30 || first === undefined) return undefined;
  if (first < 0x80) return bytes.subarray(0, 2 + first);
  const count = first & 0x7f;
  if (count === 0 || count > 4 || bytes.length < 2 + count) return undefined;
  const length = bytes.subarray(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
  return 2 + count + length <= bytes.length ? bytes.subarray(0, 2 + count + length) : undefined;
}
