import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framerConformance } from '../../kit/testing/index.ts';
import { boardOf, createBoardFramer, decodeMessage, encodeRequest } from './frames.ts';

const framed = (board: number, command: number, data: readonly number[]): Uint8Array => {
  const bytes = [0x57, 0x4b, 0x4c, 0x59, 8 + data.length, board, command, ...data];
  return Uint8Array.from([...bytes, bytes.reduce((check, value) => check ^ value, 0)]);
};
const byte = fc.nat(0xff);

framerConformance('WKLY', {
  create: createBoardFramer,
  frames: fc
    .tuple(byte, byte, fc.array(byte, { maxLength: 66 }))
    .map(([board, command, data]) => framed(board, command, data)),
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(0x57, 0x4b, 0x4c, 0x59, 0x4a),
});

describe('what a WKLY board says', () => {
  it('of one lock: good or not, which, and how it stands', () => {
    fc.assert(
      fc.property(byte, byte, fc.boolean(), fc.boolean(), fc.boolean(), (board, lock, good, open, ordered) => {
        const bytes = framed(board, ordered ? 0x82 : 0x83, [good ? 0 : 0xff, lock, open ? 0 : 1]);
        expect(boardOf(bytes)).toBe(board);
        expect(decodeMessage({ bytes })).toEqual({ type: ordered ? 'open' : 'query-one', good, lock, open });
      }),
    );
  });

  it('of all locks: as many as it says', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 64 }), (doors) => {
        const bytes = framed(0, 0x84, [0, doors.length, ...doors.map((open) => (open ? 0 : 1))]);
        expect(decodeMessage({ bytes })).toEqual({
          type: 'query-all',
          good: true,
          doors: doors.map((open, index) => ({ lock: index + 1, open })),
        });
      }),
    );
    expect(decodeMessage({ bytes: framed(0, 0x84, [0, 3, 0, 1]) })).toBeUndefined();
  });

  it('is never what it was asked, come back', () => {
    for (const bytes of [
      encodeRequest({ board: 3, command: 'open', lock: 5 }),
      encodeRequest({ board: 3, command: 'query-one', lock: 5 }),
      encodeRequest({ board: 3, command: 'query-all' }),
    ]) {
      const [item] = createBoardFramer().push(bytes);
      expect(item?.kind === 'frame' && decodeMessage(item.frame)).toBeUndefined();
    }
    expect(() => encodeRequest({ board: 256, command: 'query-all' })).toThrow(RangeError);
  });
});
