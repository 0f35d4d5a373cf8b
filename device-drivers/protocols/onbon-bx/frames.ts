import { type DiscardReason, type Framer, createFrameCutter } from '../../kit/index.ts';

/*
 * Onbon BX, from the vendor's published protocol and SDK (onbonlab/bx.k.java):
 *   A5 ×8 | escaped { dst LE16, src LE16, 0 0 0, option, crcMode, dispMode, devType, version, length LE16, data, CRC LE16 } | 5A
 * CRC: CRC-16/ARC over header and data before escaping.
 */
const START = 0xa5;
const END = 0x5a;
const STARTS = 8;
const HEADER_BYTES = 14;
const CRC_BYTES = 2;
const VERSION = 2;
/** Data of a packet to the driver: answers are short. */
const LONGEST_DATA = 256;

/** What may not stand in a frame, and the pair that stands for it. */
const ESCAPES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [0xa5, [0xa6, 0x02]],
  [0xa6, [0xa6, 0x01]],
  [0x5a, [0x5b, 0x02]],
  [0x5b, [0x5b, 0x01]],
]);

export interface Packet {
  readonly destination: number;
  readonly source: number;
  readonly deviceType: number;
  readonly data: Uint8Array;
}

export interface PacketFrame extends Packet {
  /** As it came, starts and escapes included. */
  readonly bytes: Uint8Array;
}

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

function crc16Arc(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  return crc;
}

export function encodePacket({ destination, source, deviceType, data }: Packet): Uint8Array {
  const plain = Buffer.alloc(HEADER_BYTES + data.length + CRC_BYTES);
  plain.writeUInt16LE(destination, 0);
  plain.writeUInt16LE(source, 2);
  plain.set([deviceType, VERSION], 10);
  plain.writeUInt16LE(data.length, 12);
  plain.set(data, HEADER_BYTES);
  plain.writeUInt16LE(crc16Arc(plain.subarray(0, -CRC_BYTES)), plain.length - CRC_BYTES);
  const escaped = [...plain].flatMap((byte) => ESCAPES.get(byte) ?? [byte]);
  return Uint8Array.from([...new Array<number>(STARTS).fill(START), ...escaped, END]);
}

/** The bytes between start and end with their escapes undone; undefined where an escape means nothing. */
function unescape(bytes: Uint8Array, from: number, to: number): Buffer | undefined {
  const plain = Buffer.alloc(to - from);
  let length = 0;
  for (let at = from; at < to; at += 1) {
    let byte = bytes[at] ?? 0;
    if (byte === 0xa6 || byte === 0x5b) {
      at += 1;
      const second = at < to ? bytes[at] : undefined;
      if (second !== 1 && second !== 2) return undefined;
      if (second === 2) byte = byte === 0xa6 ? START : END;
    }
    plain[length] = byte;
    length += 1;
  }
  return plain.subarray(0, length);
}

function decode(bytes: Uint8Array, start: number, end: number): PacketFrame | DiscardReason {
  let from = start;
  while (bytes[from] === START) from += 1;
  const plain = unescape(bytes, from, end - 1);
  if (!plain || plain.length < HEADER_BYTES + CRC_BYTES) return 'length';
  const data = plain.subarray(HEADER_BYTES, -CRC_BYTES);
  if (plain.readUInt16LE(12) !== data.length) return 'length';
  if (plain.readUInt16LE(plain.length - CRC_BYTES) !== crc16Arc(plain.subarray(0, -CRC_BYTES))) return 'checksum';
  return {
    destination: plain.readUInt16LE(0),
    source: plain.readUInt16LE(2),
    deviceType: plain[10] ?? 0,
    data: Uint8Array.from(data),
    bytes: bytes.slice(start, end),
  };
}

/** Packets of a card. One to eight start bytes: cards are not known to send all of them. */
export function createPacketFramer(): Framer<PacketFrame> {
  return createFrameCutter<PacketFrame>({
    limit: STARTS + 2 * (HEADER_BYTES + LONGEST_DATA + CRC_BYTES) + 1,
    seek: (bytes, from, to) => {
      const at = bytes.indexOf(START, from);
      return at === -1 || at > to ? to : at;
    },
    measure: (bytes, start, end) => {
      let at = start;
      while (at < end && bytes[at] === START) at += 1;
      if (at - start > STARTS) return 'invalid';
      for (; at < end; at += 1) {
        if (bytes[at] === END) return at + 1 - start;
        if (bytes[at] === START) return 'invalid';
      }
      return undefined;
    },
    decode,
  });
}
