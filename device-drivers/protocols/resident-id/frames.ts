import { type FrameShape, createFrameCutter } from '../../kit/index.ts';
import type { Framer } from '../../kit/index.ts';

/*
 * SAM_V serial protocol, as the readers' public manuals give it:
 *   request  AA AA AA 96 69 | LenHi LenLo | CMD PARA [data]     | XOR
 *   reply    AA AA AA 96 69 | LenHi LenLo | SW1 SW2 SW3 [data]  | XOR
 * Len counts every byte after itself; XOR covers everything after the preamble up to itself.
 */
const PREAMBLE = [0xaa, 0xaa, 0xaa, 0x96, 0x69] as const;
const LENGTH_BYTES = 2;
const XOR_BYTES = 1;
const STATUS_BYTES = 3;
/** The longest reply: text, photo and two fingerprints (30 10). */
const LONGEST_LENGTH = 0x090a;
/** What a reader's line may hold at most. */
export const FRAMER_LIMIT = 4096;

export type Command =
  | { readonly command: 'reset' }
  | { readonly command: 'status' }
  | { readonly command: 'sam-id' }
  | { readonly command: 'find' }
  | { readonly command: 'select' }
  | { readonly command: 'read'; readonly fingerprints: boolean }
  | { readonly command: 'read-appended-address' }
  | { readonly command: 'set-baud'; readonly baudRate: BaudRate }
  | { readonly command: 'set-max-rf-bytes'; readonly bytes: number };

/** In the order of the parameter byte of command 60: 00 is 115200. */
export const BAUD_RATES = [115_200, 57_600, 38_400, 19_200, 9_600] as const;
export type BaudRate = (typeof BAUD_RATES)[number];

export interface ReplyFrame {
  readonly sw1: number;
  readonly sw2: number;
  /** The status that decides; SW1 and SW2 may hold anything beside an error. */
  readonly sw3: number;
  /** What follows the status, without the checksum. */
  readonly data: Uint8Array;
  /** The frame as it came. */
  readonly bytes: Uint8Array;
}

/** The bytes of a request. */
export function encodeCommand(command: Command): Uint8Array {
  return encodeFrame(commandBytes(command));
}

function commandBytes(command: Command): readonly number[] {
  switch (command.command) {
    case 'reset':
      return [0x10, 0xff];
    case 'status':
      return [0x11, 0xff];
    case 'sam-id':
      return [0x12, 0xff];
    case 'find':
      return [0x20, 0x01];
    case 'select':
      return [0x20, 0x02];
    case 'read':
      return command.fingerprints ? [0x30, 0x10] : [0x30, 0x01];
    case 'read-appended-address':
      return [0x30, 0x03];
    case 'set-baud':
      return [0x60, BAUD_RATES.indexOf(command.baudRate)];
    case 'set-max-rf-bytes':
      return [0x61, 0xff, command.bytes & 0xff];
  }
}

/** The command in a request's bytes; undefined for bytes that are no request of this protocol. */
export function decodeCommand(bytes: Uint8Array): Command | undefined {
  const body = frameBody(bytes);
  if (!body) return undefined;
  const [command, parameter, data] = body;
  if (command === 0x60 && body.length === 2) {
    const baudRate = BAUD_RATES[parameter ?? -1];
    return baudRate === undefined ? undefined : { command: 'set-baud', baudRate };
  }
  if (command === 0x61 && parameter === 0xff && data !== undefined && body.length === 3) {
    return { command: 'set-max-rf-bytes', bytes: data };
  }
  return SIMPLE_COMMANDS.find((candidate) => {
    const expected = commandBytes(candidate);
    return body.length === expected.length && expected.every((byte, index) => byte === body[index]);
  });
}

const SIMPLE_COMMANDS: readonly Command[] = [
  { command: 'reset' },
  { command: 'status' },
  { command: 'sam-id' },
  { command: 'find' },
  { command: 'select' },
  { command: 'read', fingerprints: false },
  { command: 'read', fingerprints: true },
  { command: 'read-appended-address' },
];

/** The bytes of a reply: for tests and for checking golden bytes both ways. */
export function encodeReply(reply: Omit<ReplyFrame, 'bytes'>): Uint8Array {
  return encodeFrame([reply.sw1, reply.sw2, reply.sw3, ...reply.data]);
}

function encodeFrame(body: readonly number[]): Uint8Array {
  const length = body.length + XOR_BYTES;
  const bytes = new Uint8Array(PREAMBLE.length + LENGTH_BYTES + length);
  bytes.set(PREAMBLE);
  bytes[PREAMBLE.length] = length >> 8;
  bytes[PREAMBLE.length + 1] = length & 0xff;
  bytes.set(body, PREAMBLE.length + LENGTH_BYTES);
  bytes[bytes.length - 1] = xor(bytes, PREAMBLE.length, bytes.length - 1);
  return bytes;
}

/** What lies between length and checksum of exactly one whole frame. */
function frameBody(bytes: Uint8Array): Uint8Array | undefined {
  const start = PREAMBLE.length + LENGTH_BYTES;
  const length = ((bytes[PREAMBLE.length] ?? 0) << 8) | (bytes[PREAMBLE.length + 1] ?? 0);
  const whole =
    PREAMBLE.every((byte, index) => bytes[index] === byte) &&
    length > XOR_BYTES &&
    bytes.length === start + length &&
    xor(bytes, PREAMBLE.length, bytes.length) === 0;
  return whole ? bytes.subarray(start, bytes.length - XOR_BYTES) : undefined;
}

function xor(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let index = from; index < to; index += 1) sum ^= bytes[index] ?? 0;
  return sum;
}

/**
 * Readers that wake up lose or spoil the first AA (`AA 00 AA AA 96 69 …` was seen in the field), so two of the three are
 * asked for; length and checksum guard what that lets in.
 */
const SYNC = [0xaa, 0xaa, 0x96, 0x69] as const;
const AFTER_SYNC = SYNC.length + LENGTH_BYTES;

const replyShape: FrameShape<ReplyFrame> = {
  limit: FRAMER_LIMIT,
  seek: (bytes, from, to) => {
    for (let at = bytes.indexOf(SYNC[0], from); at !== -1 && at < to; at = bytes.indexOf(SYNC[0], at + 1)) {
      let matched = 1;
      while (matched < SYNC.length && at + matched < to && bytes[at + matched] === SYNC[matched]) matched += 1;
      if (matched === SYNC.length || at + matched >= to) return at;
    }
    return to;
  },
  measure: (bytes, start, end) => {
    if (end - start < AFTER_SYNC) return undefined;
    const length = ((bytes[start + SYNC.length] ?? 0) << 8) | (bytes[start + SYNC.length + 1] ?? 0);
    return length < STATUS_BYTES + XOR_BYTES || length > LONGEST_LENGTH ? 'invalid' : AFTER_SYNC + length;
  },
  decode: (bytes, start, end) => {
    if (xor(bytes, start + SYNC.length, end) !== 0) return 'checksum';
    const copy = bytes.slice(start, end);
    return {
      sw1: copy[AFTER_SYNC] ?? 0,
      sw2: copy[AFTER_SYNC + 1] ?? 0,
      sw3: copy[AFTER_SYNC + 2] ?? 0,
      data: copy.subarray(AFTER_SYNC + STATUS_BYTES, copy.length - XOR_BYTES),
      bytes: copy,
    };
  },
};

/** Cuts a reader's replies out of what it sends. */
export function createReplyFramer(): Framer<ReplyFrame> {
  return createFrameCutter(replyShape);
}
