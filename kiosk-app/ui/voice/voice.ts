import type { Locale } from '@hallhub/hub/web/kit/i18n.ts';

/** What a page can be heard by. Both are missing on some machines. */
export interface Sounds {
  readonly synthesis?: SpeechSynthesis;
  readonly tone?: () => void;
}

export interface Voice {
  /** Says what is on the screen, in place of what is being said. `urgent`: even where the voice is off, and after a tone. */
  say(text: string, options?: { readonly urgent?: boolean }): void;
  /** Says the last text again. */
  again(): void;
  silence(): void;
}

/** Prompts in the language of the screen; silent where the machine has no voice for it. */
export function createVoice(
  sounds: Sounds,
  told: { readonly isOn: () => boolean; readonly locale: () => Locale },
): Voice {
  let last = '';
  const { synthesis, tone } = sounds;
  const speak = (text: string): void => {
    if (!synthesis || text === '') return;
    const language = told.locale() === 'zh' ? 'zh' : 'en';
    const voice = synthesis.getVoices().find(({ lang }) => lang.toLowerCase().startsWith(language));
    synthesis.cancel();
    if (!voice) return;
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.voice = voice;
    utterance.lang = voice.lang;
    utterance.rate = 0.9;
    synthesis.speak(utterance);
  };
  return {
    say: (text, { urgent = false } = {}) => {
      last = text;
      if (urgent) tone?.();
      if (urgent || told.isOn()) speak(text);
    },
    again: () => {
      speak(last);
    },
    silence: () => {
      synthesis?.cancel();
    },
  };
}

/** One short tone, or nothing on a machine without sound. */
export function browserTone(): void {
  if (!('AudioContext' in window)) return;
  const context = new AudioContext();
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  gain.gain.setValueAtTime(0.2, context.currentTime);
  gain.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.5);
  oscillator.frequency.value = 880;
  oscillator.connect(gain).connect(context.destination);
  oscillator.onended = () => void context.close();
  oscillator.start();
  oscillator.stop(context.currentTime + 0.5);
}
