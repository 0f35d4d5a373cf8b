import { type Result, failure, ok } from '../base/index.ts';
import { firstValue } from './der.ts';

/** Both are far above what papers have, and bound what a hostile file costs. */
export const SIGNATURES_AT_MOST = 8;
const CMS_BYTES_AT_MOST = 512 * 1024;

/** A signature as it stands in a PDF (ISO 32000-2, 12.8). */
export interface FoundSignature {
  readonly byteRange: readonly [number, number, number, number];
  /** DER, zero padding cut off. */
  readonly cms: Uint8Array;
  /** What was signed: what is before the signature, and what is behind it. */
  readonly signed: readonly [Uint8Array, Uint8Array];
  /** Whether everything but the signature itself is under it, to the last byte of the file. */
  readonly coversWholeFile: boolean;
}

/** A `/ByteRange` that names no signature, or not as a signature's must. */
export interface BrokenSignature {
  readonly byteRange: readonly [number, number, number, number];
  readonly broken: true;
}

/**
 * Every signature of a PDF, in file order. Reads the bytes as they stand and resolves no objects: what counts is that
 * everything but one hexadecimal string is signed, and then nothing in the file can mean something else to another reader.
 * Error: `E-VERIFY-0103`.
 */
export function findSignatures(pdf: Uint8Array): Result<readonly (FoundSignature | BrokenSignature)[]> {
  const text = Buffer.from(pdf.buffer, pdf.byteOffset, pdf.length).toString('latin1');
  const found: (FoundSignature | BrokenSignature)[] = [];
  const ranges =
    /\/ByteRange\s{0,64}\[\s{0,64}(\d{1,10})\s{1,64}(\d{1,10})\s{1,64}(\d{1,10})\s{1,64}(\d{1,10})\s{0,64}\]/g;
  for (const match of text.matchAll(ranges)) {
    if (found.length === SIGNATURES_AT_MOST) return failure('E-VERIFY-0103');
    const [a = 0, b = 0, c = 0, d = 0] = match.slice(1).map(Number);
    const byteRange = [a, b, c, d] as const;
    const cms = a === 0 && b < c && c + d <= pdf.length ? contents(text, b, c) : undefined;
    // The range must lie in what it covers, or somebody else's range was put beside another signature.
    const itself = match.index + match[0].length <= b || (match.index >= c && match.index < c + d);
    found.push(
      cms && itself
        ? {
            byteRange,
            cms,
            signed: [pdf.subarray(0, b), pdf.subarray(c, c + d)],
            coversWholeFile: c + d === pdf.length,
          }
        : { byteRange, broken: true },
    );
  }
  return ok(found);
}

/** The hole must be one hexadecimal string, of one case and with nothing but zeros behind the signature: no byte of it is free. */
function contents(text: string, start: number, end: number): Uint8Array | undefined {
  if (end - start > CMS_BYTES_AT_MOST * 2 + 2) return undefined;
  const hole = text.slice(start, end);
  if (!/^<(?:[0-9a-f]*|[0-9A-F]*)>$/.test(hole) || hole.length % 2 !== 0) return undefined;
  const bytes = Buffer.from(hole.slice(1, -1), 'hex');
  const cms = bytes[0] === 0x30 ? firstValue(bytes) : undefined;
  return cms && bytes.subarray(cms.length).every((byte) => byte === 0) ? Uint8Array.from(cms) : undefined;
}
