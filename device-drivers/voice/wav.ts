import { type Result, failure, ok } from '@hallhub/sync/base';

/** Sound with one channel, 16 bits a sample: what speech synthesis gives and voice packs are made of. */
export interface Sound {
  /** Samples a second. */
  readonly rate: number;
  readonly samples: Int16Array;
}

const HEADER_BYTES = 44;
const PCM = 1;
/** WAVE_FORMAT_EXTENSIBLE, which recorders write for plain PCM, too. */
const EXTENSIBLE = 0xfffe;
const LOWEST_RATE = 8_000;
const HIGHEST_RATE = 96_000;

/**
 * A RIFF/WAVE file with 16-bit PCM; several channels become one, by their mean. A length that runs over the end of the file, as
 * recorders and pipes leave it, is taken to be the end. Errors: `E-VOICE-0101` with what is wrong with it.
 */
export function readWav(bytes: Uint8Array): Result<Sound> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at: number): string => Buffer.from(bytes.subarray(at, at + 4)).toString('latin1');
  if (bytes.length < 12 || name(0) !== 'RIFF' || name(8) !== 'WAVE') return failure('E-VOICE-0101', 'no WAV file');
  let format: { readonly channels: number; readonly rate: number } | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    const from = at + 8;
    const to = Math.min(from + length, bytes.length);
    if (name(at) === 'fmt ' && to - from >= 16) {
      const code = view.getUint16(from, true);
      const [channels, rate, bits] = [
        view.getUint16(from + 2, true),
        view.getUint32(from + 4, true),
        view.getUint16(from + 14, true),
      ];
      if ((code !== PCM && code !== EXTENSIBLE) || bits !== 16)
        return failure('E-VOICE-0101', `form ${code} with ${bits} bits, not PCM with 16`);
      if (channels < 1 || channels > 8 || rate < LOWEST_RATE || rate > HIGHEST_RATE)
        return failure('E-VOICE-0101', `${channels} channels at ${rate} Hz`);
      format = { channels, rate };
    }
    if (name(at) === 'data') {
      if (!format) return failure('E-VOICE-0101', 'sound before its form');
      return ok({ rate: format.rate, samples: mixed(view, from, to, format.channels) });
    }
    // Chunks begin at even places.
    at = from + length + (length % 2);
  }
  return failure('E-VOICE-0101', 'no sound in it');
}

function mixed(view: DataView, from: number, to: number, channels: number): Int16Array {
  const frames = Math.floor((to - from) / (2 * channels));
  return Int16Array.from({ length: frames }, (_, frame) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1)
      sum += view.getInt16(from + 2 * (frame * channels + channel), true);
    return Math.round(sum / channels);
  });
}

export function writeWav({ rate, samples }: Sound): Uint8Array {
  const bytes = Buffer.alloc(HEADER_BYTES + 2 * samples.length);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(PCM, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(2 * rate, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(2 * samples.length, 40);
  for (const [index, sample] of samples.entries()) bytes.writeInt16LE(sample, HEADER_BYTES + 2 * index);
  return Uint8Array.from(bytes);
}
