import { z } from 'zod';

const voice = z.string().regex(/^[A-Za-z0-9_+-]{1,32}$/);

const outputSchema = z.discriminatedUnion('via', [
  z.strictObject({ via: z.literal('aplay'), device: z.string().min(1).default('default').describe('As in aplay -L') }),
  z.strictObject({ via: z.literal('paplay'), device: z.string().min(1).optional().describe('As in pactl list sinks') }),
  z.strictObject({ via: z.literal('file'), path: z.string().min(1).describe('The newest announcement as a WAV file') }),
  z.strictObject({ via: z.literal('null') }).describe('Plays to nobody, for as long as it would take'),
]);

/** What an installation says about its loudspeaker. */
export const audioOutSchema = z.strictObject({
  output: outputSchema.default({ via: 'aplay', device: 'default' }),
  /** The folder of recorded clips; see docs/voice.md. */
  voicePack: z.string().min(1).optional(),
  /** The voices of espeak-ng, and of dialects by their name. The plain voice `cmn` does not read Chinese characters. */
  voices: z
    .strictObject({
      zh: voice.default('cmn-latn-pinyin'),
      en: voice.default('en'),
      dialects: z.record(z.string().regex(/^[a-z0-9-]{1,32}$/), voice).default({}),
    })
    .default({ zh: 'cmn-latn-pinyin', en: 'en', dialects: {} }),
  /** Words a minute of the synthetic voice. */
  wordsPerMinute: z.int().min(80).max(400).default(150),
  /** How 1 is called in numbers. */
  one: z.enum(['yi', 'yao']).default('yi'),
  /** Of the loudest, where an announcement does not say. */
  volume: z.number().min(0).max(100).default(80),
  /** Between two clips where the text has a comma or a blank, and between repetitions. */
  pauseMs: z.number().min(0).max(5_000).default(250),
  repeatPauseMs: z.number().min(0).max(10_000).default(800),
});

export type AudioOutParams = z.output<typeof audioOutSchema>;
