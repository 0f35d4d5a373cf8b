import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunked, framerConformance } from '../../kit/testing/index.ts';
import {
  createPausedStatesFramer,
  createShortFramer,
  createStatesFramer,
  decodeShort,
  decodeStates,
  encodeRequest,
} from './frames.ts';

const checked = (bytes: readonly number[]): Uint8Array =>
  Uint8Array.from([...bytes, bytes.reduce((check, byte) => check ^ byte, 0)]);
const byte = fc.nat(0xff);
const statesOf = (count: number) =>
  fc.array(byte, { minLength: count, maxLength: count }).map((states) => checked([0x80, 1, ...states, 0x33]));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

framerConformance('8A/80 states', {
  create: () => createStatesFramer(1, 3),
  frames: statesOf(3),
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(0x80, 0x01),
});
framerConformance('8A/80 answers of one lock', {
  create: () => createShortFramer('own'),
  frames: fc.tuple(byte, byte, byte).map((rest) => checked([0x8a, ...rest])),
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(0x8a),
});

describe('frames that a pause ends', () => {
  const framesIn = (chunks: readonly Uint8Array[]): readonly string[] => {
    const framer = createPausedStatesFramer(1);
    return [...chunks.flatMap((chunk) => framer.push(chunk)), ...framer.flush()].flatMap((item) =>
      item.kind === 'frame' ? [hex(item.frame.bytes)] : [],
    );
  };
  /** Not by chance themselves two frames: 33 and its check, and a new beginning, in the middle. */
  const plain = fc
    .integer({ min: 1, max: 8 })
    .chain(statesOf)
    .filter((frame) => !hex(frame).slice(4, -4).includes('8001'));

  it('are found with any number of states, however they are cut', () => {
    fc.assert(
      fc.property(
        plain.chain((frame) => fc.tuple(fc.constant(frame), chunked(Buffer.from(frame)))),
        ([frame, chunks]) => {
          expect(framesIn(chunks)).toEqual([hex(frame)]);
        },
      ),
    );
  });

  it('are found behind other bytes, and twice when they come twice', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0x7f), { maxLength: 5 }), plain, (noise, frame) => {
        expect(framesIn([Uint8Array.from(noise), frame])).toEqual([hex(frame)]);
        expect(framesIn([frame, frame])).toEqual([hex(frame), hex(frame)]);
      }),
    );
  });

  it('are not taken for one with the echo of the question in front of them, though the checks add up', () => {
    expect(framesIn([unhex('80 01 00 33 B2 80 01 FF FF FE 33 4C')])).toEqual(['80010033b2', '8001fffffe334c']);
  });

  it('are held within bounds, and what is dropped is handed on', () => {
    const framer = createPausedStatesFramer(1);
    let out = 0;
    for (let sent = 0; sent < 10_000; sent += 100) {
      for (const item of framer.push(new Uint8Array(100).fill(0x80)))
        out += item.kind === 'discarded' ? item.bytes.length : 0;
      expect(sent + 100 - out).toBeLessThanOrEqual(framer.limit);
    }
  });
});

describe('the doors of a frame', () => {
  it('follow the order of the groups and the wiring of the locks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }),
        fc.constantFrom(0 as const, 1 as const),
        fc.constantFrom('highest-first' as const, 'lowest-first' as const),
        (doors, openBit, groups) => {
          const states = [0, 1, 2].map((group) =>
            doors
              .slice(group * 8, group * 8 + 8)
              .reduce((sum, open, bit) => sum | ((open ? openBit : 1 - openBit) << bit), 0),
          );
          const bytes = checked([0x80, 1, ...(groups === 'highest-first' ? states.reverse() : states), 0x33]);
          expect(decodeStates({ bytes }, { openBit, groups }).map(({ open }) => open)).toEqual(doors);
        },
      ),
    );
  });

  it('and of an order come back as they were given', () => {
    fc.assert(
      fc.property(byte, fc.integer({ min: 1, max: 255 }), (board, lock) => {
        const bytes = encodeRequest({ board, order: 'open', lock });
        expect(decodeShort({ bytes })).toEqual({ board, lock, state: 0x11 });
        expect(bytes.reduce((check, value) => check ^ value, 0)).toBe(0);
      }),
    );
  });
});

it('has no order for all doors at once', () => {
  expect(() => encodeRequest({ board: 1, order: 'open', lock: 0 })).toThrow(RangeError);
  expect(() => encodeRequest({ board: 1, order: 'open', lock: 256 })).toThrow(RangeError);
});
