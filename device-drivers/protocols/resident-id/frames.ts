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

/** Which bytes stand for find, select and read: those of most readers, or those of the CVR-100AU_NJ build. */
export type CommandSet = 'standard' | 'cvr-100au-nj';

/** The bytes of a request. */
export function encodeCommand(command: Command, set: CommandSet = 'standard'): Uint8Array {
  return encodeFrame(bytesOf(command, set));
}

function bytesOf(command: Command, set: CommandSet): readonly number[] {
  return (set === 'standard' ? undefined : njBytes(command)) ?? commandBytes(command);
}

/** What this build has in place of the standard bytes; undefined where no difference is published. */
function njBytes(command: Command): readonly number[] | undefined {
  if (command.command === 'find') return [0x00, 0x81];
  if (command.command === 'select') return [0x00, 0x82];
  return command.command === 'read' && !command.fingerprints ? [0x00, 0x83] : undefined;
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
export function decodeCommand(bytes: Uint8Array, set: CommandSet = 'standard'): Command | undefined {
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
    const expected = bytesOf(candidate, set);
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
 * enough; length and checksum guard what that lets in.
 */
const SHORT_PREAMBLE = PREAMBLE.slice(1);

/** Whether a frame may start at `at`: as far as its bytes are here, they are a preamble, whole or short of one AA. */
function maySync(bytes: Uint8Array, at: number, to: number): boolean {
  return [PREAMBLE, SHORT_PREAMBLE].some((preamble) =>
    preamble.every((byte, index) => at + index >= to || bytes[at + index] === byte),
  );
}

/** Where the length bytes of the frame at `start` are. */
function afterPreamble(bytes: Uint8Array, start: number): number {
  return start + (bytes[start + 2] === PREAMBLE[2] ? PREAMBLE.length : SHORT_PREAMBLE.length);
}

const replyShape: FrameShape<ReplyFrame> = {
  limit: FRAMER_LIMIT,
  seek: (bytes, from, to) => {
    for (let at = bytes.indexOf(PREAMBLE[0], from); at !== -1 && at < to; at = bytes.indexOf(PREAMBLE[0], at + 1)) {
      if (maySync(bytes, at, to)) return at;
    }
    return to;
  },
  measure: (bytes, start, end) => {
    if (end - start < PREAMBLE.length + LENGTH_BYTES) return undefined;
    const at = afterPreamble(bytes, start);
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const isPossible = length >= STATUS_BYTES + XOR_BYTES && length <= LONGEST_LENGTH;
    return isPossible ? at - start + LENGTH_BYTES + length : 'invalid';
  },
  decode: (bytes, start, end) => {
    const at = afterPreamble(bytes, start);
    if (xor(bytes, at, end) !== 0) return 'checksum';
    const copy = bytes.slice(start, end);
    const status = at - start + LENGTH_BYTES;
    return {
      sw1: copy[status] ?? 0,
      sw2: copy[status + 1] ?? 0,
      sw3: copy[status + 2] ?? 0,
      data: copy.subarray(status + STATUS_BYTES, copy.length - XOR_BYTES),
      bytes: copy,
    };
  },
};

/** Cuts a reader's replies out of what it sends. */
export function createReplyFramer(): Framer<ReplyFrame> {
  return createFrameCutter(replyShape);
}
