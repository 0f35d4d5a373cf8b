import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framerConformance } from '../../kit/testing/index.ts';
import { boardOf, createDoorsFramer, decodeDoors, encodeRequest } from './frames.ts';

const summed = (bytes: readonly number[]): Uint8Array =>
  Uint8Array.from([...bytes, bytes.reduce((sum, value) => sum + value, 0) % 256]);
const byte = fc.nat(0xff);
const doors = fc
  .tuple(fc.nat(15), byte, byte, byte, byte)
  .map(([board, ...states]) => summed([2, board * 16, 0x35, ...states, 3]));

framerConformance('KERONG doors', {
  create: createDoorsFramer,
  frames: doors,
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(0x02, 0x00, 0x35),
});

describe('the doors of a KERONG board', () => {
  it('and what is behind them are those of its bits', () => {
    fc.assert(
      fc.property(doors, (bytes) => {
        const [, where = 0, , low = 0, high = 0, itemsLow = 0, itemsHigh = 0] = bytes;
        expect(boardOf(bytes)).toBe(where / 16);
        const read = decodeDoors({ bytes }, true);
        expect(read.reduce((sum, { lock, open }) => sum + (open === false ? 2 ** (lock - 1) : 0), 0)).toBe(
          low + high * 256,
        );
        expect(read.reduce((sum, { lock, occupied }) => sum + (occupied === true ? 2 ** (lock - 1) : 0), 0)).toBe(
          itemsLow + itemsHigh * 256,
        );
        expect(decodeDoors({ bytes }, false).every(({ occupied }) => occupied === undefined)).toBe(true);
      }),
    );
  });

  it('are not believed with a lock in their address or without their end, though the sum is right', () => {
    for (const bytes of [summed([2, 1, 0x35, 0xff, 0xff, 0, 0, 3]), summed([2, 0, 0x35, 0xff, 0xff, 0, 0, 4])]) {
      const framer = createDoorsFramer();
      expect([...framer.push(bytes), ...framer.flush()].every(({ kind }) => kind === 'discarded')).toBe(true);
    }
  });

  it('are ordered by board and lock', () => {
    fc.assert(
      fc.property(fc.nat(15), fc.integer({ min: 1, max: 16 }), (board, lock) => {
        const bytes = encodeRequest({ command: 'unlock', board, lock });
        expect([...bytes]).toEqual([...summed([2, board * 16 + lock - 1, 0x31, 3])]);
      }),
    );
    expect(() => encodeRequest({ command: 'unlock', board: 0, lock: 17 })).toThrow(RangeError);
    expect(() => encodeRequest({ command: 'unlock', board: 16, lock: 1 })).toThrow(RangeError);
  });
});
