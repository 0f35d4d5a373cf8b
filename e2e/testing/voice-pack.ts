import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sound } from '@hallhub/device-drivers/voice';
import { writeWav } from '@hallhub/device-drivers/voice';

/* A voice pack in which every clip is a tone of its own, so that what was said can be read out of the sound. */

const RATE = 16_000;
const FIRST_HERTZ = 400;
const STEP_HERTZ = 75;
const LOUD = 12_000;
/** Ten milliseconds: long enough to tell two neighbours apart by what is in it twice. */
const HOP = RATE / 100;
const WINDOW = 3 * HOP;

const CLIPS = ['请', 'A', 'B', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '号', '到', '窗口'];

/** @param shift tells the tones of one folder from those of another. */
export function recordPack(root: string, folder: string, shift = 0): void {
  mkdirSync(join(root, folder), { recursive: true });
  CLIPS.forEach((clip, index) => {
    writeFileSync(join(root, folder, `${clip}.wav`), writeWav(tone(hertzOf(index, shift))));
  });
}

const hertzOf = (index: number, shift: number): number => FIRST_HERTZ + STEP_HERTZ * (index + shift);

function tone(hertz: number): Sound {
  const around = RATE / 5;
  const samples = new Int16Array(2 * around + RATE / 8);
  for (let at = 0; at < RATE / 8; at += 1)
    samples[around + at] = Math.round(LOUD * Math.sin((2 * Math.PI * hertz * at) / RATE));
  return { rate: RATE, samples };
}

export interface Spoken {
  readonly text: string;
  /** Of the loudest that there can be, in percent of what the pack was recorded with. */
  readonly volume: number;
  /** Seconds before the first clip: a chime, if there is one. */
  readonly before: number;
}

/** What is said in a sound that was joined of the clips of {@link recordPack}; what is no clip counts for nothing. */
export function readSpoken({ rate, samples }: Sound, shift = 0): Spoken {
  if (rate !== RATE) throw new Error(`${rate} Hz are not of this pack`);
  const heard: (string | undefined)[] = [];
  let loudest = 0;
  for (let at = 0; at + WINDOW <= samples.length; at += HOP) {
    const part = samples.subarray(at, at + WINDOW);
    const energy = part.reduce((sum, sample) => sum + sample * sample, 0);
    const best = CLIPS.map((clip, index) => ({
      clip,
      share: shareOf(part, hertzOf(index, shift)) / (energy || 1),
    })).reduce((one, other) => (other.share > one.share ? other : one));
    // A pure tone has all that is there; a chime, or the way from one tone to the next, has not.
    const isClip = energy / WINDOW > 10_000 && best.share > 0.9;
    if (isClip) loudest = Math.max(loudest, ...part);
    heard.push(isClip ? best.clip : undefined);
  }
  const said = heard.filter((clip, index) => clip !== undefined && clip !== heard[index - 1]);
  const first = heard.findIndex((clip) => clip !== undefined);
  return { text: said.join(''), volume: Math.round((100 * loudest) / LOUD), before: (first * HOP) / RATE };
}

/** Energy at one frequency, by Goertzel's filter, so that a pure tone gives the whole of its energy. */
function shareOf(samples: Int16Array, hertz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / RATE);
  let [one, two] = [0, 0];
  for (const sample of samples) [one, two] = [sample + turn * one - two, one];
  return (2 * (one * one + two * two - turn * one * two)) / samples.length;
}
