import { type Framer, createFrameCutter } from '../../kit/index.ts';
import { crc16 } from './crc.ts';

/*
 * Modbus over serial line, V1.02, and the application protocol V1.1b3:  unit | function | data | CRC low | CRC high.
 * Addresses are those of the wire, counted from 0.
 */
export type ReadFunction = 'read-coils' | 'read-discrete-inputs' | 'read-holding-registers' | 'read-input-registers';

export type ModbusRequest =
  | { readonly function: ReadFunction; readonly unit: number; readonly address: number; readonly count: number }
  | { readonly function: 'write-coil'; readonly unit: number; readonly address: number; readonly on: boolean }
  | { readonly function: 'write-register'; readonly unit: number; readonly address: number; readonly value: number }
  | {
      readonly function: 'write-coils';
      readonly unit: number;
      readonly address: number;
      readonly on: readonly boolean[];
    }
  | {
      readonly function: 'write-registers';
      readonly unit: number;
      readonly address: number;
      readonly values: readonly number[];
    }
  /**
   * A vendor form of function 5 (Waveshare and others): address 0x0200 + channel, value = time in units of 100 ms. The
   * board switches off by itself.
   */
  | { readonly function: 'flash-on'; readonly unit: number; readonly channel: number; readonly tenths: number };

export interface ModbusReply {
  /** The exception code, where the device refused. */
  readonly exception?: number;
  /** Between function code and CRC. */
  readonly data: Uint8Array;
  readonly bytes: Uint8Array;
}

const FUNCTION_CODES: Readonly<Record<ModbusRequest['function'], number>> = {
  'read-coils': 1,
  'read-discrete-inputs': 2,
  'read-holding-registers': 3,
  'read-input-registers': 4,
  'write-coil': 5,
  'write-register': 6,
  'write-coils': 15,
  'write-registers': 16,
  'flash-on': 5,
};

const EXCEPTION_FLAG = 0x80;
const COIL_ON = 0xff00;
const FLASH_ON_BASE = 0x0200;
/** A longer time would not fit into the 15 bits that the boards take. */
export const LONGEST_FLASH_TENTHS = 0x7fff;
export const LONGEST_FRAME = 256;
const CRC_BYTES = 2;
const EXCEPTION_BYTES = 5;
const WRITE_REPLY_BYTES = 8;

export function isBitRead(name: ReadFunction): boolean {
  return name === 'read-coils' || name === 'read-discrete-inputs';
}

/** @throws {RangeError} for what no frame can hold: that is a bug of the caller, not of the device. */
export function encodeRequest(request: ModbusRequest): Uint8Array {
  const code = FUNCTION_CODES[request.function];
  if (!isWithin(request.unit, 1, 247)) throw new RangeError(`no Modbus unit ${request.unit}`);
  const body = [request.unit, code, ...requestData(request)];
  const bytes = new Uint8Array(body.length + CRC_BYTES);
  bytes.set(body);
  const crc = crc16(bytes, 0, body.length);
  bytes[body.length] = crc & 0xff;
  bytes[body.length + 1] = crc >>> 8;
  return bytes;
}

function requestData(request: ModbusRequest): readonly number[] {
  switch (request.function) {
    case 'read-coils':
    case 'read-discrete-inputs':
      return [...word(request.address), ...word(request.count, 1, 2000)];
    case 'read-holding-registers':
    case 'read-input-registers':
      return [...word(request.address), ...word(request.count, 1, 125)];
    case 'write-coil':
      return [...word(request.address), ...word(request.on ? COIL_ON : 0)];
    case 'flash-on':
      return [
        ...word(FLASH_ON_BASE + request.channel, FLASH_ON_BASE, 0x02ff),
        ...word(request.tenths, 1, LONGEST_FLASH_TENTHS),
      ];
    case 'write-register':
      return [...word(request.address), ...word(request.value)];
    case 'write-coils': {
      const packed = packBits(request.on);
      return [...word(request.address), ...word(request.on.length, 1, 1968), packed.length, ...packed];
    }
    case 'write-registers': {
      const { values } = request;
      return [
        ...word(request.address),
        ...word(values.length, 1, 123),
        values.length * 2,
        ...values.flatMap((value) => word(value)),
      ];
    }
  }
}

/** Bytes from here are the data of the reply's own length, or of what it must repeat of the request. */
function expectedLength(request: ModbusRequest): number {
  switch (request.function) {
    case 'read-coils':
    case 'read-discrete-inputs':
      return 3 + Math.ceil(request.count / 8) + CRC_BYTES;
    case 'read-holding-registers':
    case 'read-input-registers':
      return 3 + request.count * 2 + CRC_BYTES;
    default:
      return WRITE_REPLY_BYTES;
  }
}

/**
 * A framer for the reply to one request: its unit and function are the only preamble that Modbus RTU has, its length is
 * known beforehand, and the CRC decides.
 */
export function createReplyFramer(request: ModbusRequest): Framer<ModbusReply> {
  const { unit } = request;
  const code = FUNCTION_CODES[request.function];
  const length = expectedLength(request);
  const isRead = code <= 4;
  return createFrameCutter<ModbusReply>({
    limit: LONGEST_FRAME,
    seek: (bytes, from, to) => {
      for (let at = bytes.indexOf(unit, from); at !== -1 && at < to; at = bytes.indexOf(unit, at + 1)) {
        if (at + 1 >= to || ((bytes[at + 1] ?? 0) & ~EXCEPTION_FLAG) === code) return at;
      }
      return to;
    },
    measure: (bytes, start, end) => {
      if (end - start < 3) return undefined;
      if (((bytes[start + 1] ?? 0) & EXCEPTION_FLAG) !== 0) return EXCEPTION_BYTES;
      return isRead && bytes[start + 2] !== length - 3 - CRC_BYTES ? 'invalid' : length;
    },
    decode: (bytes, start, end) => {
      // The CRC over a frame with its own CRC behind it is zero.
      if (crc16(bytes, start, end) !== 0) return 'checksum';
      const copy = bytes.slice(start, end);
      const refused = ((copy[1] ?? 0) & EXCEPTION_FLAG) !== 0;
      const data = copy.subarray(2, copy.length - CRC_BYTES);
      return refused ? { exception: copy[2] ?? 0, data, bytes: copy } : { data, bytes: copy };
    },
  });
}

/** Whether a reply is the one to this request: a write's reply repeats address and value (or count). */
export function answers(request: ModbusRequest, reply: ModbusReply): boolean {
  if (reply.exception !== undefined || FUNCTION_CODES[request.function] <= 4) return true;
  const sent = encodeRequest(request);
  return [0, 1, 2, 3].every((index) => reply.data[index] === sent[2 + index]);
}

/** The bits of a reply to a bit read. */
export function decodeBits(reply: ModbusReply, count: number): readonly boolean[] {
  return Array.from({ length: count }, (_, index) => (((reply.data[1 + (index >> 3)] ?? 0) >> (index & 7)) & 1) === 1);
}

/** The registers of a reply to a register read. */
export function decodeRegisters(reply: ModbusReply): readonly number[] {
  return Array.from(
    { length: (reply.data.length - 1) / 2 },
    (_, index) => ((reply.data[1 + index * 2] ?? 0) << 8) | (reply.data[2 + index * 2] ?? 0),
  );
}

function packBits(bits: readonly boolean[]): readonly number[] {
  const bytes = new Array<number>(Math.ceil(bits.length / 8)).fill(0);
  bits.forEach((on, index) => {
    if (on) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (1 << (index & 7));
  });
  return bytes;
}

function word(value: number, from = 0, to = 0xffff): readonly [number, number] {
  if (!isWithin(value, from, to)) throw new RangeError(`${value} is not within ${from}–${to}`);
  return [value >> 8, value & 0xff];
}

function isWithin(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to;
}
