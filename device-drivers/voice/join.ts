import { type DurationMs, type Result, failure, ok } from '@hallhub/sync/base';
import type { Sound } from './wav.ts';

/** Quieter than this is silence: about -40 dB of the loudest there can be. */
const SILENCE = 328;
/** So much of the silence around a clip stays, else its consonants are cut. */
const KEPT_MS = 20;

/** Milliseconds of a sound. */
export const lengthOf = ({ rate, samples }: Sound): number => (1_000 * samples.length) / rate;

export const silence = (rate: number, lasts: DurationMs): Sound => ({
  rate,
  samples: new Int16Array(Math.round((rate * lasts) / 1_000)),
});

/** Without the silence before and behind it but a little; a sound of silence alone becomes empty. */
export function trimmed({ rate, samples }: Sound): Sound {
  const isLoud = (sample: number): boolean => Math.abs(sample) >= SILENCE;
  const first = samples.findIndex(isLoud);
  if (first === -1) return { rate, samples: new Int16Array() };
  const kept = Math.round((rate * KEPT_MS) / 1_000);
  return { rate, samples: samples.slice(Math.max(0, first - kept), samples.findLastIndex(isLoud) + 1 + kept) };
}

/** One behind the other. Error: `E-VOICE-0102` where their rates differ. */
export function joined(sounds: readonly Sound[]): Result<Sound> {
  const [first] = sounds;
  if (!first) return failure('E-VOICE-0102', 'nothing to join');
  const other = sounds.find(({ rate }) => rate !== first.rate);
  if (other) return failure('E-VOICE-0102', `${other.rate} Hz behind ${first.rate} Hz`);
  const samples = new Int16Array(sounds.reduce((sum, sound) => sum + sound.samples.length, 0));
  let at = 0;
  for (const sound of sounds) {
    samples.set(sound.samples, at);
    at += sound.samples.length;
  }
  return ok({ rate: first.rate, samples });
}

/** At another rate, by straight lines between the samples: a chime before speech may sound a little duller for it. */
export function resampled({ rate, samples }: Sound, to: number): Sound {
  if (rate === to) return { rate, samples };
  return {
    rate: to,
    samples: Int16Array.from({ length: Math.floor((samples.length * to) / rate) }, (_, index) => {
      const at = (index * rate) / to;
      const before = Math.floor(at);
      const [low = 0, high = low] = samples.subarray(before, before + 2);
      return Math.round(low + (high - low) * (at - before));
    }),
  };
}

/** `percent` of its loudness; 100 leaves it as it is. */
export const atVolume = ({ rate, samples }: Sound, percent: number): Sound => ({
  rate,
  samples: samples.map((sample) => Math.round((sample * Math.min(100, Math.max(0, percent))) / 100)),
});

/** Two tones, the second lower, each dying away: what people know from stations and halls. */
export function chime(rate: number): Sound {
  const tone = (hertz: number): Int16Array =>
    Int16Array.from({ length: Math.round(rate * 0.45) }, (_, index) => {
      const seconds = index / rate;
      return Math.round(9_000 * Math.exp(-5 * seconds) * Math.sin(2 * Math.PI * hertz * seconds));
    });
  const [high, low] = [tone(660), tone(528)];
  const samples = new Int16Array(high.length + low.length);
  samples.set(high);
  samples.set(low, high.length);
  return { rate, samples };
}
