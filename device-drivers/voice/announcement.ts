import { type Result, err, failure, ms, ok } from '@hallhub/sync/base';
import type { Speaker } from '../capabilities/index.ts';
import type { DeviceLog } from '../kit/index.ts';
import { clipsFor, forSpeech } from './clips.ts';
import { atVolume, chime, joined, resampled, silence, trimmed } from './join.ts';
import type { Synthesis, VoicePack } from './ports.ts';
import type { VoiceSettings } from './settings.ts';
import type { Sound } from './wav.ts';

export type Saying = Parameters<Speaker['say']>[0]['args'];

export interface Voices {
  readonly params: VoiceSettings;
  readonly synthesis: Synthesis;
  readonly pack: VoicePack | undefined;
  readonly log: Pick<DeviceLog, 'warn'>;
  readonly deviceId: string;
}

/**
 * The whole announcement as one sound: chime, text, repetitions. Errors: `E-VOICE-0201` when neither clips nor synthesis can say
 * it, `E-VOICE-0202`.
 */
export async function announcement(saying: Saying, voices: Voices): Promise<Result<Sound>> {
  const { params, pack } = voices;
  const said = await spoken(saying, voices);
  if (!said.ok) return said;
  const { rate } = said.value;
  const own = saying.chime ? await pack?.chime() : undefined;
  const bell = own?.ok === true ? resampled(own.value, rate) : chime(rate);
  const times = Array.from({ length: saying.repeat ?? 1 }, (_, time) =>
    time === 0 ? [said.value] : [silence(rate, ms(params.repeatPauseMs)), said.value],
  );
  const whole = joined([...(saying.chime ? [bell] : []), ...times.flat()]);
  return whole.ok ? ok(atVolume(whole.value, saying.volume ?? params.volume)) : whole;
}

/** The text alone: a dialect's clips, its voice, the language's clips, its voice, whichever is there first. */
async function spoken({ text, language, dialect }: Saying, voices: Voices): Promise<Result<Sound>> {
  const { params, synthesis } = voices;
  const ways: (() => Promise<Result<Sound> | undefined>)[] = [];
  const speak = (voice: string) => () => synthesis(forSpeech(text, language, params.one), voice);
  if (dialect !== undefined) {
    const voice = params.voices.dialects[dialect];
    ways.push(() => recorded(dialect, text, voices));
    if (voice !== undefined) ways.push(speak(voice));
  }
  ways.push(() => recorded(language, text, voices), speak(params.voices[language]));
  let last: Result<Sound> = failure('E-VOICE-0201');
  for (const way of ways) {
    const said = await way();
    if (said?.ok === true) return said;
    if (said) last = said;
  }
  return last;
}

/** The text from clips; undefined where some of it was never recorded, or cannot be used. */
async function recorded(folder: string, text: string, voices: Voices): Promise<Result<Sound> | undefined> {
  const { pack, params, log, deviceId } = voices;
  const pieces = pack && clipsFor(text, await pack.names(folder));
  if (!pieces || pieces.length === 0) return undefined;
  const sounds: (Sound | 'pause')[] = [];
  for (const piece of pieces) {
    if ('pause' in piece) {
      sounds.push('pause');
      continue;
    }
    const clip = await pack.clip(folder, piece.clip);
    if (!clip.ok) {
      log.warn({ deviceId, folder, clip: piece.clip, error: clip.error }, 'a clip of the voice pack cannot be used');
      return err(clip.error);
    }
    sounds.push(trimmed(clip.value));
  }
  const rate = sounds.find((sound) => sound !== 'pause')?.rate ?? 0;
  const whole = joined(sounds.map((sound) => (sound === 'pause' ? silence(rate, ms(params.pauseMs)) : sound)));
  if (!whole.ok) log.warn({ deviceId, folder, error: whole.error }, 'the clips of the voice pack do not fit together');
  return whole;
}
