import { type Framer, createFrameCutter } from '../../kit/index.ts';

/** What a printer says. */
export type PrinterReply =
  /** The answer to `DLE EOT n`; which n it answers is not in it. */
  | { readonly type: 'status'; readonly byte: number; readonly bytes: Uint8Array }
  /** Sent by itself when something changes (`GS a`): four bytes. */
  | { readonly type: 'asb'; readonly bytes: Uint8Array }
  /** The physical print up to the request with this id is done (`GS ( H`). */
  | { readonly type: 'completion'; readonly id: string; readonly bytes: Uint8Array };

const COMPLETION_BYTES = 7;
const ASB_BYTES = 4;
const FIXED_BITS = 0x93;
const isStatus = (byte: number): boolean => (byte & FIXED_BITS) === 0x12;
const isAsb = (byte: number): boolean => (byte & FIXED_BITS) === 0x10;
/** The second to fourth byte of an ASB message. */
const isAsbTail = (byte: number): boolean => (byte & 0x90) === 0;

/** Cuts what a printer sends. The three kinds are told apart by their first byte, as their fixed bits allow. */
export function createReplyFramer(): Framer<PrinterReply> {
  return createFrameCutter<PrinterReply>({
    limit: COMPLETION_BYTES,
    seek: (bytes, from, to) => {
      for (let at = from; at < to; at += 1) {
        const byte = bytes[at] ?? 0;
        if (isStatus(byte) || isAsb(byte) || byte === 0x37) return at;
      }
      return to;
    },
    measure: (bytes, start, end) => {
      const first = bytes[start] ?? 0;
      if (isStatus(first)) return 1;
      if (isAsb(first)) {
        for (let at = start + 1; at < Math.min(end, start + ASB_BYTES); at += 1) {
          if (!isAsbTail(bytes[at] ?? 0)) return 'invalid';
        }
        return ASB_BYTES;
      }
      if (end > start + 1 && bytes[start + 1] !== 0x22) return 'invalid';
      return COMPLETION_BYTES;
    },
    decode: (bytes, start, end) => {
      const frame = bytes.slice(start, end);
      const first = frame[0] ?? 0;
      if (isStatus(first)) return { type: 'status', byte: first, bytes: frame };
      if (isAsb(first)) return { type: 'asb', bytes: frame };
      if (frame[COMPLETION_BYTES - 1] !== 0) return 'noise';
      return { type: 'completion', id: String.fromCharCode(...frame.subarray(2, 6)), bytes: frame };
    },
  });
}
