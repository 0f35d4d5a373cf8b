import type { Saying, Sound } from '@hallhub/device-drivers/voice';
import {
  announcement,
  espeak,
  folderPack,
  joined,
  lengthOf,
  resampled,
  silence,
  writeWav,
} from '@hallhub/device-drivers/voice';
import type { DurationMs, Result } from '@hallhub/sync/base';
import { failure, ms, ok } from '@hallhub/sync/base';
import type { QueueHallConfig } from '../config/index.ts';
import type { Announcement } from './rules/announcing.ts';

/** What boards play, in halls without a loudspeaker of their own: each announcement as one sound file. */
export interface Sounds {
  /** Errors: `E-VOICE-…` where neither clips nor synthesis can say it. */
  make(hall: QueueHallConfig, one: Announcement): Promise<Result<{ readonly url: string; readonly lasts: DurationMs }>>;
  /** The WAV file; undefined for one that is over for some time. */
  wav(hall: string, id: string): Uint8Array | undefined;
}

/** Boards that are behind still find so many of the last ones. */
const KEPT = 8;

type Log = (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;

export function createSounds({ log }: { readonly log: Log }): Sounds {
  const kept = new Map<string, ReadonlyMap<string, Uint8Array>>();
  return {
    make: async (hall, one) => {
      const made = await soundOf(hall, one, log);
      if (!made.ok) return made;
      const others = [...(kept.get(hall.id) ?? [])].slice(1 - KEPT);
      kept.set(hall.id, new Map([...others, [one.id, made.value.wav]]));
      return ok({ url: `/api/queue/halls/${hall.id}/sounds/${one.id}`, lasts: made.value.lasts });
    },
    wav: (hall, id) => kept.get(hall)?.get(id),
  };
}

/** What is said of a language, as the hall is set up. */
export const sayingOf = (
  { volume, dialect }: QueueHallConfig['announcements'],
  { language, text, chime }: Pick<Saying, 'language' | 'text' | 'chime'>,
): Saying => ({
  ...{ text, language, chime },
  ...(volume !== undefined && { volume }),
  // The dialect is one of Chinese.
  ...(dialect !== undefined && language === 'zh' && { dialect }),
});

async function soundOf(
  hall: QueueHallConfig,
  one: Announcement,
  log: Log,
): Promise<Result<{ readonly wav: Uint8Array; readonly lasts: DurationMs }>> {
  const { languages, repeat, chime, voice } = hall.announcements;
  const voices = {
    params: voice,
    synthesis: espeak(voice),
    pack: voice.voicePack === undefined ? undefined : folderPack(voice.voicePack),
    log: {
      warn: (fields: object, message: string) => {
        log('warn', message, { hall: hall.id, ...fields });
      },
    },
    deviceId: hall.id,
  };
  const say = (language: 'zh' | 'en', first: boolean) =>
    announcement(sayingOf(hall.announcements, { language, text: one[language], chime: chime && first }), voices);
  const [first = 'zh', ...others] = languages;
  const begun = await say(first, true);
  if (!begun.ok) return begun;
  const { rate } = begun.value;
  const again = repeat > 1 ? await say(first, false) : begun;
  const parts: Result<Sound>[] = [begun];
  const rest = await Promise.all(others.map((language) => say(language, false)));
  for (let time = 0; time < repeat; time += 1) parts.push(...(time === 0 ? [] : [again]), ...rest);
  const sounds: Sound[] = [];
  for (const part of parts) {
    if (!part.ok) return part;
    sounds.push(...(sounds.length === 0 ? [] : [silence(rate, ms(voice.repeatPauseMs))]), resampled(part.value, rate));
  }
  const whole = joined(sounds);
  if (!whole.ok) return whole;
  if (whole.value.samples.length === 0) return failure('E-VOICE-0202', 'it said nothing');
  return ok({ wav: writeWav(whole.value), lasts: ms(Math.ceil(lengthOf(whole.value))) });
}
