import { z } from 'zod';

const voice = z.string().regex(/^[A-Za-z0-9_+-]{1,32}$/);

/** How announcements are made, wherever they are heard; see docs/voice.md. */
export const voiceSettings = {
  /** The folder of recorded clips. */
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
};

export type VoiceSettings = z.output<z.ZodObject<typeof voiceSettings>>;
