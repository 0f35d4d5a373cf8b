import { type Result, failure, ok } from '@hallhub/sync/base';
import { type FrameShape, type Framer, createFrameCutter } from '../../kit/index.ts';
import { isCitizenNumber } from './number.ts';

/*
 * The framing of all-in-one terminals (多合一), as one published specification gives it:
 *   02 | LenHi LenLo | data | XOR | 03
 * Len counts the data, XOR covers the data. A request's data is CA 01 and a mode; a reply's begins with two bytes of status.
 * Only mode 01 (the number alone) has a published length: 43 bytes in all, which leaves 36 for the number behind the status
 * (computed). How the replies of the other modes are laid out is published nowhere, so they are not here.
 */
const START = 0x02;
const END = 0x03;
const LENGTH_BYTES = 2;
/** Start, length, XOR and end. */
const FRAME_BYTES = 1 + LENGTH_BYTES + 2;
const STATUS_BYTES = 2;
/** 18 characters of UTF-16LE, padded with spaces. */
const NUMBER_BYTES = 36;
const LONGEST_DATA = STATUS_BYTES + NUMBER_BYTES;
export const LONGEST_STX_REPLY = FRAME_BYTES + LONGEST_DATA;

const OK = 0x9000;
const READ = [0xca, 0x01] as const;
/** What of the card is asked for. */
const MODES = { everything: 0x00, number: 0x01, 'name-and-number': 0x02 } as const;
export type Wanted = keyof typeof MODES;

export interface StxReply {
  /** 9000, or 00F1 to 00F4 where there is no number. */
  readonly status: number;
  /** The number's bytes behind status 9000, nothing behind the others. */
  readonly data: Uint8Array;
  /** The frame as it came. */
  readonly bytes: Uint8Array;
}

/** Find a card, select it and read of it what is wanted. Only the number is ever asked for here. */
export function encodeReadRequest(wanted: Wanted): Uint8Array {
  return encodeFrame([...READ, MODES[wanted]]);
}

/** What exactly these bytes ask for; undefined when they are no request. */
export function decodeReadRequest(bytes: Uint8Array): Wanted | undefined {
  const modes = Object.keys(MODES) as Wanted[];
  return modes.find((wanted) => Buffer.compare(bytes, encodeReadRequest(wanted)) === 0);
}

/** The bytes of a reply: for tests and for checking golden bytes both ways. */
export function encodeStxReply({ status, data }: Omit<StxReply, 'bytes'>): Uint8Array {
  return encodeFrame([status >> 8, status & 0xff, ...data]);
}

function encodeFrame(data: readonly number[]): Uint8Array {
  const sum = data.reduce((total, byte) => total ^ byte, 0);
  return Uint8Array.of(START, data.length >> 8, data.length & 0xff, ...data, sum, END);
}

const replyShape: FrameShape<StxReply> = {
  limit: LONGEST_STX_REPLY,
  seek: (bytes, from, to) => {
    const at = bytes.indexOf(START, from);
    return at === -1 || at > to ? to : at;
  },
  measure: (bytes, start, end) => {
    if (end - start < 1 + LENGTH_BYTES) return undefined;
    const length = ((bytes[start + 1] ?? 0) << 8) | (bytes[start + 2] ?? 0);
    return length === STATUS_BYTES || length === LONGEST_DATA ? FRAME_BYTES + length : 'invalid';
  },
  decode: (bytes, start, end) => {
    if (bytes[end - 1] !== END) return 'length';
    const copy = bytes.slice(start, end);
    const data = copy.subarray(1 + LENGTH_BYTES, -2);
    if (data.reduce((total, byte) => total ^ byte, 0) !== copy[copy.length - 2]) return 'checksum';
    return { status: ((data[0] ?? 0) << 8) | (data[1] ?? 0), data: data.subarray(STATUS_BYTES), bytes: copy };
  },
};

/** Cuts the replies to {@link encodeReadRequest} for the number out of what a terminal sends. */
export function createStxReplyFramer(): Framer<StxReply> {
  return createFrameCutter(replyShape);
}

/** Whether a reply brings a number: its status, and as many bytes. */
export function hasNumber({ status, data }: StxReply): boolean {
  return status === OK && data.length === NUMBER_BYTES;
}

/** Whether a reply says, in any of its four ways, that there is no number. */
export function hasNone({ status }: StxReply): boolean {
  return status >= 0x00f1 && status <= 0x00f4;
}

/**
 * The number in a reply: 15 characters (the permits of foreigners, form of 2017) or 18 with the check digit of GB 11643.
 * Errors: `E-CARD-0201` malformed, `E-CARD-0202` wrong check digit. No detail ever quotes it.
 */
export function decodeNumber(data: Uint8Array): Result<string> {
  const number = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    .toString('utf16le')
    .replace(/[\s\0]+$/u, '')
    .toUpperCase();
  if (!/^(?:[0-9A-Z]{15}|\d{17}[0-9X])$/.test(number)) return failure('E-CARD-0201', 'number');
  return number.length === 18 && !isCitizenNumber(number) ? failure('E-CARD-0202') : ok(number);
}
