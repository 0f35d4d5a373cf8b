import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framerConformance } from '../../kit/testing/index.ts';
import { withoutEcho } from '../../kit/index.ts';
import { crc16 } from './crc.ts';
import {
  type ModbusRequest,
  answers,
  createReplyFramer,
  decodeBits,
  decodeRegisters,
  encodeRequest,
} from './rtu-frames.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
/** A frame with its CRC, low byte first. */
const sealed = (...body: readonly number[]): Uint8Array => {
  const crc = crc16(Uint8Array.from(body));
  return Uint8Array.from([...body, crc & 0xff, crc >> 8]);
};

const readEight: ModbusRequest = { function: 'read-discrete-inputs', unit: 1, address: 0, count: 8 };

framerConformance('Modbus RTU reply', {
  create: () => createReplyFramer(readEight),
  frames: fc.oneof(
    fc.integer({ min: 0, max: 255 }).map((bits) => sealed(1, 2, 1, bits)),
    fc.integer({ min: 1, max: 11 }).map((code) => sealed(1, 0x82, code)),
  ),
  bytesOf: ({ bytes }) => bytes,
  falseStart: unhex('01 02 01 01 02'),
});

framerConformance('Modbus RTU reply on a line that may echo', {
  create: () =>
    withoutEcho({
      inner: createReplyFramer(readEight),
      sent: encodeRequest(readEight),
      onEcho: () => undefined,
    }),
  frames: fc.integer({ min: 0, max: 255 }).map((bits) => sealed(1, 2, 1, bits)),
  bytesOf: ({ bytes }) => bytes,
  // The request without its last byte: an echo that never becomes whole.
  falseStart: encodeRequest(readEight).subarray(0, -1),
});

describe('requests', () => {
  it.each<[string, ModbusRequest]>([
    ['01 05 00 00 FF 00 8C 3A', { function: 'write-coil', unit: 1, address: 0, on: true }],
    ['01 05 00 00 00 00 CD CA', { function: 'write-coil', unit: 1, address: 0, on: false }],
    ['01 01 00 00 00 08 3D CC', { function: 'read-coils', unit: 1, address: 0, count: 8 }],
    ['01 02 00 00 00 08 79 CC', readEight],
    ['01 05 02 00 00 07 8D B0', { function: 'flash-on', unit: 1, channel: 0, tenths: 7 }],
    ['01 05 02 00 00 05 0C 71', { function: 'flash-on', unit: 1, channel: 0, tenths: 5 }],
  ])('%s', (bytes, request) => {
    expect(hex(encodeRequest(request))).toBe(hex(unhex(bytes)));
  });

  it('that no frame can hold are bugs', () => {
    expect(() => encodeRequest({ function: 'read-coils', unit: 0, address: 0, count: 1 })).toThrow(RangeError);
    expect(() => encodeRequest({ function: 'read-coils', unit: 1, address: 0, count: 2001 })).toThrow(RangeError);
    expect(() => encodeRequest({ function: 'flash-on', unit: 1, channel: 0, tenths: 0x8000 })).toThrow(RangeError);
    expect(() => encodeRequest({ function: 'flash-on', unit: 1, channel: 256, tenths: 1 })).toThrow(RangeError);
  });
});

describe('replies', () => {
  it('01 02 01 01 60 48 says that the first of eight inputs is closed', () => {
    const [framed] = createReplyFramer(readEight).push(unhex('01 02 01 01 60 48'));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    expect(decodeBits(framed.frame, 8)).toEqual([true, false, false, false, false, false, false, false]);
  });

  it('carry registers in the order of the wire', () => {
    const request: ModbusRequest = { function: 'read-holding-registers', unit: 17, address: 0, count: 2 };
    const [framed] = createReplyFramer(request).push(sealed(17, 3, 4, 0x12, 0x34, 0xff, 0xfe));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    expect(decodeRegisters(framed.frame)).toEqual([0x1234, 0xfffe]);
  });

  it('of another unit, function or length are no frames', () => {
    for (const other of [sealed(2, 2, 1, 1), sealed(1, 1, 1, 1), sealed(1, 2, 2, 1, 1)]) {
      const framer = createReplyFramer(readEight);
      expect([...framer.push(other), ...framer.flush()].filter(({ kind }) => kind === 'frame')).toEqual([]);
    }
  });

  it('to a write must repeat it', () => {
    const request: ModbusRequest = { function: 'write-coil', unit: 1, address: 3, on: true };
    const reply = (bytes: Uint8Array): boolean => {
      const [framed] = createReplyFramer(request).push(bytes);
      return framed?.kind === 'frame' && answers(request, framed.frame);
    };
    expect(reply(encodeRequest(request))).toBe(true);
    expect(reply(encodeRequest({ ...request, on: false }))).toBe(false);
    expect(reply(encodeRequest({ ...request, address: 2 }))).toBe(false);
  });

  it('with any bit flipped are refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 47 }), (bit) => {
        const spoilt = unhex('01 02 01 01 60 48');
        spoilt[bit >> 3] = (spoilt[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const framer = createReplyFramer(readEight);
        expect([...framer.push(spoilt), ...framer.flush()].filter(({ kind }) => kind === 'frame')).toEqual([]);
      }),
    );
  });
});

describe('a line that echoes', () => {
  const sent = encodeRequest(readEight);
  const reply = unhex('01 02 01 01 60 48');
  const run = (chunks: readonly Uint8Array[]): { frames: number; echoes: boolean[] } => {
    const echoes: boolean[] = [];
    const framer = withoutEcho({ inner: createReplyFramer(readEight), sent, onEcho: (heard) => echoes.push(heard) });
    const framed = [...chunks.flatMap((chunk) => framer.push(chunk)), ...framer.flush()];
    return { frames: framed.filter(({ kind }) => kind === 'frame').length, echoes };
  };

  it('is told from one that does not, however the bytes are cut', () => {
    const cut = (bytes: Uint8Array, size: number): Uint8Array[] =>
      Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );
    for (const size of [1, 2, 3, 5, 7, 100]) {
      expect(run(cut(Buffer.concat([sent, reply]), size))).toEqual({ frames: 1, echoes: [true] });
      expect(run(cut(reply, size))).toEqual({ frames: 1, echoes: [false] });
    }
  });

  it('that carries nothing but the echo has not answered', () => {
    expect(run([sent])).toEqual({ frames: 0, echoes: [true] });
  });
});
