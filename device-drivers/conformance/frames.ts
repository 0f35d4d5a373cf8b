import { hex, mulberry } from './random.ts';
import type { FrameSamples } from './types.ts';

type Framed = ReturnType<ReturnType<FrameSamples['create']>['push']>[number];

/** How many ways to cut, to spoil and to add noise are tried for each profile. */
const ROUNDS = 60;
const NOISE_BYTES = 1_000_000;

const framesOf = (framed: readonly Framed[]): readonly string[] =>
  framed.flatMap((item) => (item.kind === 'frame' ? [JSON.stringify(item.frame, plain)] : []));

const plain = (_key: string, value: unknown): unknown => (value instanceof Uint8Array ? hex(value) : value);

/** A frame that comes in one piece; only where a pause ends it, it is waited for the pause. */
function inOnePiece({ create, endedByPause = false }: FrameSamples, frame: Uint8Array): readonly string[] {
  const framer = create();
  return framesOf([...framer.push(frame), ...(endedByPause ? framer.flush() : [])]);
}

/** Good frames must be found however they are cut. */
export function checkChunking(samples: FrameSamples): void {
  const { create, frames, endedByPause = false } = samples;
  const random = mulberry(11);
  for (const frame of frames) {
    const whole = inOnePiece(samples, frame);
    if (whole.length !== 1) throw new Error(`${hex(frame)} is ${whole.length} frames when it comes in one piece`);
    for (let round = 0; round < ROUNDS; round += 1) {
      const framer = create();
      const found: Framed[] = [];
      for (let at = 0; at < frame.length;) {
        const size = 1 + random(4);
        found.push(...framer.push(frame.subarray(at, at + size)));
        at += size;
      }
      if (endedByPause) found.push(...framer.flush());
      if (framesOf(found).join() !== whole.join()) throw new Error(`${hex(frame)} is not found in pieces`);
    }
  }
}

/** A frame that ends early is given up when the line goes quiet, and the next good one is found. */
export function checkTruncation(samples: FrameSamples): void {
  const { create, frames, endedByPause = false } = samples;
  for (const frame of frames) {
    const whole = inOnePiece(samples, frame);
    for (let length = 1; length < frame.length; length += 1) {
      const framer = create();
      const early = [...framer.push(frame.subarray(0, length)), ...framer.flush()];
      if (!endedByPause && framesOf(early).includes(whole.join()))
        throw new Error(`${hex(frame)} is taken after ${length} bytes`);
      const next = framesOf([...framer.push(frame), ...framer.flush()]);
      if (next.join() !== whole.join()) throw new Error(`${hex(frame)} is not found behind its first ${length} bytes`);
    }
  }
}

const bytesIn = (framed: readonly Framed[]): number =>
  framed.reduce((sum, item) => sum + (item.kind === 'frame' ? item.frame.bytes : item.bytes).length, 0);

/**
 * Noise is survived in bounded memory, and the next good frame behind it is found: at once when the line goes quiet first,
 * and after no more good frames than the framer can have swallowed when it does not.
 */
export function checkNoise(samples: FrameSamples): void {
  const { create, frames, endedByPause = false } = samples;
  const [frame] = frames;
  if (!frame) throw new Error('there is no frame to be found');
  const whole = inOnePiece(samples, frame);
  const noisy = (): ReturnType<FrameSamples['create']> => {
    const random = mulberry(23);
    const framer = create();
    const noise = Uint8Array.from({ length: 4_096 }, () => random(256));
    let [into, out] = [0, 0];
    while (into < NOISE_BYTES) {
      noise.set([random(256), random(256)], random(noise.length - 2));
      out += bytesIn(framer.push(noise));
      into += noise.length;
      // Whatever did not come out again is what it holds.
      if (into - out > framer.limit)
        throw new Error(`it holds ${into - out} bytes of noise, more than ${framer.limit}`);
    }
    return framer;
  };
  const paused = noisy();
  paused.flush();
  const next = framesOf([...paused.push(frame), ...paused.flush()]);
  if (next.at(-1) !== whole[0]) throw new Error(`${hex(frame)} is not found behind noise`);
  // Where a pause alone ends a frame, there is no frame without one.
  if (endedByPause) return;
  const restless = noisy();
  for (let sent = 0; sent <= restless.limit + frame.length; sent += frame.length) {
    if (framesOf(restless.push(frame)).at(-1) === whole[0]) return;
  }
  throw new Error(`${hex(frame)} is not found behind noise that is followed by no pause`);
}
