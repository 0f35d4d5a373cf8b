import { type Framer, createFrameCutter } from '../../kit/index.ts';

/*
 * Modbus messaging on TCP/IP, V1.0b:  transaction 2 | protocol 2 (0) | length 2 | unit | function | data.
 * The length counts everything behind itself.
 */
const HEADER_BYTES = 6;
/** Unit, function and one byte. */
const SHORTEST_LENGTH = 3;
/** Unit and the 253 bytes of the longest PDU. */
const LONGEST_LENGTH = 254;

export interface MbapFrame {
  readonly transaction: number;
  readonly unit: number;
  readonly code: number;
  /** Behind the function code. */
  readonly data: Uint8Array;
  /** The whole frame. */
  readonly bytes: Uint8Array;
}

/** `body`: unit, function and data. */
export function encodeMbap(transaction: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, transaction);
  view.setUint16(4, body.length);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

const word = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

const isZero = (bytes: Uint8Array, at: number, to: number): boolean => at >= to || bytes[at] === 0;

/** Cuts a server's replies out of the stream. There is no checksum: TCP keeps the bytes, the transaction tells them apart. */
export function createMbapFramer(): Framer<MbapFrame> {
  return createFrameCutter<MbapFrame>({
    limit: HEADER_BYTES + LONGEST_LENGTH,
    seek: (bytes, from, to) => {
      for (let at = from; at < to; at += 1) {
        // Protocol 0, and no length needs its high byte.
        if (isZero(bytes, at + 2, to) && isZero(bytes, at + 3, to) && isZero(bytes, at + 4, to)) return at;
      }
      return to;
    },
    measure: (bytes, start, end) => {
      if (end - start < HEADER_BYTES) return undefined;
      const length = word(bytes, start + 4);
      return length >= SHORTEST_LENGTH && length <= LONGEST_LENGTH ? HEADER_BYTES + length : 'invalid';
    },
    decode: (bytes, start, end) => {
      const copy = bytes.slice(start, end);
      return {
        transaction: word(copy, 0),
        unit: copy[HEADER_BYTES] ?? 0,
        code: copy[HEADER_BYTES + 1] ?? 0,
        data: copy.subarray(HEADER_BYTES + 2),
        bytes: copy,
      };
    },
  });
}
