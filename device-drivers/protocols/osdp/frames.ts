import { type Framer, createFrameCutter } from '../../kit/index.ts';
import type { Payload } from './messages.ts';

/** How a frame is guarded against noise: CRC-16, or one byte of checksum for old readers. */
export type Check = 'crc' | 'checksum';

/** Security control block: which step of the secure channel a frame is, and the step's own data. */
export interface SecurityBlock {
  readonly type: number;
  readonly data: Uint8Array;
}

export interface PacketHead {
  /** 0–126; 127 is everybody. */
  readonly address: number;
  readonly isReply: boolean;
  /** 0 begins anew; then 1, 2, 3, 1, … */
  readonly sequence: number;
  readonly check: Check;
  readonly security?: SecurityBlock;
}

export interface Packet extends PacketHead, Payload {
  /** First 4 bytes of the message authentication code, for security blocks 15–18. */
  readonly mac?: Uint8Array;
  /** What the code is reckoned over: the frame before it. */
  readonly authenticated: Uint8Array;
  /** The frame as it came, mark byte included. */
  readonly bytes: Uint8Array;
}

const MARK = 0xff;
const START = 0x53;
const REPLY_FLAG = 0x80;
const CRC_FLAG = 0x04;
const SECURITY_FLAG = 0x08;
const HEAD_BYTES = 5;
export const MAC_BYTES = 4;
/** The longest frame of the standard, without the mark byte. */
export const LONGEST_FRAME = 1_440;
/** Security block types from here on carry an authentication code. */
const FIRST_AUTHENTICATED = 0x15;
const LAST_AUTHENTICATED = 0x18;

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  return crc;
});

/** CRC-16, polynomial 1021, initial value 1D0F, not reflected. */
export function crc16(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0x1d0f;
  for (let at = from; at < to; at += 1) {
    crc = ((crc << 8) & 0xffff) ^ (CRC_TABLE[(crc >> 8) ^ (bytes[at] ?? 0)] ?? 0);
  }
  return crc;
}

/** Two's complement of the sum. */
export function checksum(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let sum = 0;
  for (let at = from; at < to; at += 1) sum += bytes[at] ?? 0;
  return -sum & 0xff;
}

const checkBytes = (check: Check): number => (check === 'crc' ? 2 : 1);

export const isAuthenticated = (security: SecurityBlock | undefined): boolean =>
  security !== undefined && security.type >= FIRST_AUTHENTICATED && security.type <= LAST_AUTHENTICATED;

/**
 * The frame, without a mark byte. `authenticate` gives the code over the frame so far, for security blocks 15–18.
 * @throws {RangeError} for what no frame can hold.
 */
export function encodePacket(
  head: PacketHead,
  payload: Payload,
  authenticate?: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const { address, isReply, sequence, check, security } = head;
  if (!(address >= 0 && address <= 0x7f)) throw new RangeError(`${address} is no address`);
  const block = security ? [security.data.length + 2, security.type, ...security.data] : [];
  const bodyEnd = HEAD_BYTES + block.length + 1 + payload.data.length;
  const length = bodyEnd + (authenticate ? MAC_BYTES : 0) + checkBytes(check);
  if (length > LONGEST_FRAME) throw new RangeError(`a frame of ${length} bytes is too long`);
  const frame = new Uint8Array(length);
  const control = sequence | (check === 'crc' ? CRC_FLAG : 0) | (security ? SECURITY_FLAG : 0);
  frame.set([START, address | (isReply ? REPLY_FLAG : 0), length & 0xff, length >> 8, control, ...block, payload.code]);
  frame.set(payload.data, bodyEnd - payload.data.length);
  if (authenticate) frame.set(authenticate(frame.subarray(0, bodyEnd)).subarray(0, MAC_BYTES), bodyEnd);
  const end = length - checkBytes(check);
  if (check === 'crc') {
    const crc = crc16(frame, 0, end);
    frame.set([crc & 0xff, crc >> 8], end);
  } else frame[end] = checksum(frame, 0, end);
  return frame;
}

/** Cuts frames of one direction out of a line. The mark byte in front of a frame belongs to it. */
export function createPacketFramer(direction: 'command' | 'reply'): Framer<Packet> {
  const flag = direction === 'reply' ? REPLY_FLAG : 0;
  const startsAt = (bytes: Uint8Array, start: number): number => (bytes[start] === MARK ? start + 1 : start);
  const mayStart = (bytes: Uint8Array, at: number, to: number): boolean =>
    at >= to || (bytes[at] === START && (at + 1 >= to || ((bytes[at + 1] ?? 0) & REPLY_FLAG) === flag));
  return createFrameCutter<Packet>({
    limit: LONGEST_FRAME + 1,
    seek: (bytes, from, to) => {
      for (let at = from; at < to; at += 1) {
        const byte = bytes[at];
        if (byte !== START && byte !== MARK) continue;
        if (mayStart(bytes, byte === MARK ? at + 1 : at, to)) return at;
      }
      return to;
    },
    measure: (bytes, start, end) => {
      const from = startsAt(bytes, start);
      if (end - from < HEAD_BYTES) return undefined;
      const length = (bytes[from + 2] ?? 0) | ((bytes[from + 3] ?? 0) << 8);
      const control = bytes[from + 4] ?? 0;
      const least = HEAD_BYTES + ((control & SECURITY_FLAG) === 0 ? 0 : 2) + 1 + ((control & CRC_FLAG) === 0 ? 1 : 2);
      return length < least || length > LONGEST_FRAME ? 'invalid' : from - start + length;
    },
    decode: (bytes, start, end) => {
      const from = startsAt(bytes, start);
      const isCrc = ((bytes[from + 4] ?? 0) & CRC_FLAG) !== 0;
      const checkAt = end - (isCrc ? 2 : 1);
      const isGood = isCrc
        ? crc16(bytes, from, checkAt) === ((bytes[checkAt] ?? 0) | ((bytes[checkAt + 1] ?? 0) << 8))
        : checksum(bytes, from, checkAt) === bytes[checkAt];
      if (!isGood) return 'checksum';
      return parse(bytes.slice(start, end), from - start) ?? 'length';
    },
  });
}

/** The parts of a frame whose check is good; undefined where they do not fit into it. */
function parse(bytes: Uint8Array, from: number): Packet | undefined {
  const control = bytes[from + 4] ?? 0;
  const check: Check = (control & CRC_FLAG) === 0 ? 'checksum' : 'crc';
  let at = from + HEAD_BYTES;
  let end = bytes.length - checkBytes(check);
  let security: SecurityBlock | undefined;
  if ((control & SECURITY_FLAG) !== 0) {
    const size = bytes[at] ?? 0;
    if (size < 2 || at + size >= end) return undefined;
    security = { type: bytes[at + 1] ?? 0, data: bytes.slice(at + 2, at + size) };
    at += size;
  }
  let mac: Uint8Array | undefined;
  const isMacked = isAuthenticated(security);
  if (isMacked) {
    if (end - at < 1 + MAC_BYTES) return undefined;
    mac = bytes.slice(end - MAC_BYTES, end);
    end -= MAC_BYTES;
  }
  const address = bytes[from + 1] ?? 0;
  return {
    address: address & ~REPLY_FLAG,
    isReply: (address & REPLY_FLAG) !== 0,
    sequence: control & 3,
    check,
    ...(security ? { security } : {}),
    code: bytes[at] ?? 0,
    data: bytes.slice(at + 1, end),
    ...(mac ? { mac } : {}),
    authenticated: bytes.subarray(from, end),
    bytes,
  };
}

/** The most data behind a message's code that fits into frames of `frameSize` bytes, mark byte not counted. */
export function roomForData(frameSize: number, isSecure: boolean): number {
  const frame = Math.min(frameSize, LONGEST_FRAME);
  if (!isSecure) return Math.max(0, frame - HEAD_BYTES - 1 - 2);
  const blocks = Math.floor((frame - HEAD_BYTES - 2 - 1 - MAC_BYTES - 2) / 16);
  // Encrypted data always ends with at least one byte of padding.
  return Math.max(0, blocks * 16 - 1);
}
