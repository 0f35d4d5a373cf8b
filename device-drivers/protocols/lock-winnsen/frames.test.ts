import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framerConformance } from '../../kit/testing/index.ts';
import { createBoardFramer, decodeReply, encodeRequest } from './frames.ts';

const byte = fc.nat(0xff);
const lock = fc.integer({ min: 1, max: 16 });

framerConformance('Winnsen', {
  create: createBoardFramer,
  frames: fc
    .tuple(fc.constantFrom(0x82, 0x85, 0x92), byte, byte, byte)
    .map(([command, ...rest]) => Uint8Array.of(0x90, 7, command, ...rest, 3)),
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(0x90, 0x07, 0x82),
});

describe('what a Winnsen board says', () => {
  it('of its doors: a bit each, the low ones first', () => {
    fc.assert(
      fc.property(byte, fc.nat(0xffff), (station, bits) => {
        const reply = decodeReply({ bytes: Uint8Array.of(0x90, 7, 0x82, station, bits & 0xff, bits >> 8, 3) });
        if (reply.type !== 'doors') throw new Error(reply.type);
        expect(reply.station).toBe(station);
        expect(reply.doors.reduce((sum, door) => sum + (door.open === true ? 2 ** (door.lock - 1) : 0), 0)).toBe(bits);
      }),
    );
  });

  it('of an order: lock and status, in the order of its firmware', () => {
    fc.assert(
      fc.property(byte, lock, byte, (station, number, status) => {
        const opened = { type: 'opened', station, lock: number, status };
        expect(decodeReply({ bytes: Uint8Array.of(0x90, 7, 0x85, station, number, status, 3) })).toEqual({
          ...opened,
          form: 'lock-status',
        });
        expect(decodeReply({ bytes: Uint8Array.of(0x90, 7, 0x92, station, status, number, 3) })).toEqual({
          ...opened,
          form: 'status-lock',
        });
      }),
    );
  });

  it('is never what it was asked, come back', () => {
    fc.assert(
      fc.property(byte, lock, (station, number) => {
        for (const bytes of [
          encodeRequest({ station, order: 'poll' }),
          encodeRequest({ station, order: 'open', form: 'lock-status', lock: number }),
          encodeRequest({ station, order: 'open', form: 'status-lock', lock: number }),
        ]) {
          const framer = createBoardFramer();
          expect([...framer.push(bytes), ...framer.flush()].some(({ kind }) => kind === 'frame')).toBe(false);
        }
      }),
    );
    expect(() => encodeRequest({ station: 1, order: 'open', form: 'lock-status', lock: 17 })).toThrow(RangeError);
  });
});
