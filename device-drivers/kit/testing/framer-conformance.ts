import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Framed, Framer } from '../index.ts';
import { chunked, mangled, noise } from './bytes.ts';
import { countLooks, countWork } from './work.ts';

export interface FramerFixture<F> {
  create(): Framer<F>;
  /** Good frames of many shapes. */
  readonly frames: fc.Arbitrary<Uint8Array>;
  /** The bytes of a frame, to compare with what was sent. */
  bytesOf(frame: F): Uint8Array;
  /** The longest run of the worst bytes: beginnings of frames that never come true. */
  readonly falseStart: Uint8Array;
}

const LEAST_STREAM = 1_000;
/** In, to the front once, out as a frame with a copy of its data, or as discarded bytes. */
const COPIES = 5;

/** What every framer must do, whatever its protocol. */
export function framerConformance<F>(name: string, fixture: FramerFixture<F>): void {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const framesIn = (framed: readonly Framed<F>[]): readonly string[] =>
    framed.flatMap((item) => (item.kind === 'frame' ? [hex(fixture.bytesOf(item.frame))] : []));
  const sizeOf = (framed: readonly Framed<F>[]): number =>
    framed.reduce((sum, item) => sum + (item.kind === 'frame' ? fixture.bytesOf(item.frame) : item.bytes).length, 0);

  describe(`framer conformance: ${name}`, () => {
    it('finds frames however they are cut into chunks', () => {
      const runs = fc
        .array(fixture.frames, { minLength: 1, maxLength: 5 })
        .chain((frames) => fc.tuple(fc.constant(frames), chunked(Buffer.concat(frames))));
      fc.assert(
        fc.property(runs, ([frames, chunks]) => {
          const framer = fixture.create();
          const framed = chunks.flatMap((chunk) => framer.push(chunk));
          expect(framesIn(framed)).toEqual(frames.map(hex));
          expect(framer.flush()).toEqual([]);
        }),
      );
    });

    it('loses no byte: what is no frame is handed on as discarded', () => {
      const runs = fc
        .array(fc.oneof(fixture.frames, fixture.frames.chain(mangled), fc.uint8Array({ maxLength: 100 })), {
          maxLength: 6,
        })
        .chain((parts) => fc.tuple(fc.constant(Buffer.concat(parts)), chunked(Buffer.concat(parts))));
      fc.assert(
        fc.property(runs, ([all, chunks]) => {
          const framer = fixture.create();
          const framed = [...chunks.flatMap((chunk) => framer.push(chunk)), ...framer.flush()];
          const again = Buffer.concat(
            framed.map((item) => (item.kind === 'frame' ? fixture.bytesOf(item.frame) : item.bytes)),
          );
          expect(hex(again)).toBe(hex(all));
        }),
      );
    });

    it('finds the good frame behind a spoilt one, at the latest when the line goes quiet', () => {
      const pairs = fixture.frames.chain((bad) => fc.tuple(mangled(bad), fixture.frames));
      fc.assert(
        fc.property(pairs, ([bad, good]) => {
          const framer = fixture.create();
          const framed = [...framer.push(bad), ...framer.flush(), ...framer.push(good), ...framer.flush()];
          expect(framesIn(framed)).toContain(hex(good));
        }),
      );
    });

    it('survives 1 MB of noise in bounded memory and finds the next good frame', () => {
      const [good] = fc.sample(fixture.frames, { numRuns: 1, seed: 7 });
      if (!good) throw new Error('no frame was generated');
      const framer = fixture.create();
      const rubbish = noise(1_000_000, 42);
      let out = 0;
      for (let at = 0; at < rubbish.length; at += 977) {
        out += sizeOf(framer.push(rubbish.subarray(at, at + 977)));
        // Whatever did not come out again is what the framer holds.
        expect(Math.min(at + 977, rubbish.length) - out).toBeLessThanOrEqual(framer.limit);
      }
      framer.flush();
      expect(framesIn([...framer.push(good), ...framer.flush()])).toEqual([hex(good)]);
    });

    it('holds no more than its limit of beginnings that never come true', () => {
      const framer = fixture.create();
      let sent = 0;
      let out = 0;
      while (sent < 200_000) {
        out += sizeOf(framer.push(fixture.falseStart));
        sent += fixture.falseStart.length;
        expect(sent - out).toBeLessThanOrEqual(framer.limit);
      }
      expect(sizeOf(framer.flush())).toBe(sent - out);
    });

    it.each([1, 7, 64, 4096])('copies each byte a few times at the most, whatever comes (chunks of %i)', (size) => {
      const [good] = fc.sample(fixture.frames, { numRuns: 1, seed: 7 });
      if (!good) throw new Error('no frame was generated');
      const starts = Buffer.concat(
        new Array<Uint8Array>(Math.ceil(20_000 / fixture.falseStart.length)).fill(fixture.falseStart),
      );
      const torn = Buffer.concat(new Array<Uint8Array>(Math.ceil(20_000 / good.length)).fill(good.subarray(0, -1)));
      for (const stream of [starts, torn, noise(20_000, 7)]) {
        const framer = fixture.create();
        const { copied } = countWork(() => {
          for (let at = 0; at < stream.length; at += size) framer.push(stream.subarray(at, at + size));
          framer.flush();
        });
        expect(copied / stream.length).toBeLessThan(COPIES);
      }
    });

    it('looks at twice as many bytes for twice as many, whatever comes', () => {
      const [good] = fc.sample(fixture.frames, { numRuns: 1, seed: 7 });
      if (!good) throw new Error('no frame was generated');
      const repeated = (piece: Uint8Array, length: number): Uint8Array =>
        Uint8Array.from({ length }, (_byte, at) => piece[at % piece.length] ?? 0);
      const streams: readonly ((length: number) => Uint8Array)[] = [
        (length) => repeated(fixture.falseStart, length),
        (length) => repeated(good.subarray(0, -1), length),
        (length) => noise(length, 7),
      ];
      for (const stream of streams) {
        const looks = (length: number): number =>
          countLooks(
            () => fixture.create(),
            (framer) => {
              const bytes = stream(length);
              for (let at = 0; at < length; at += 64) framer.push(bytes.subarray(at, at + 64));
              framer.flush();
            },
          );
        // Long enough that what a framer holds at the end, and looks at once more, does not weigh.
        const length = 20 * LEAST_STREAM;
        expect(looks(2 * length)).toBeLessThan(2.2 * looks(length) + LEAST_STREAM);
      }
    });

    it('does not alias the bytes that it is given', () => {
      fc.assert(
        fc.property(fixture.frames, (frame) => {
          const framer = fixture.create();
          const given = frame.slice();
          const framed = framer.push(given);
          given.fill(0);
          expect(framesIn(framed)).toEqual([hex(frame)]);
        }),
        { numRuns: 20 },
      );
    });
  });
}
