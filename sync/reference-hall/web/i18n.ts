import { ref, watchEffect } from 'vue';
import { en, zh } from './texts.ts';
import type { Texts } from './texts.ts';

const stored = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem('lang');

/** `zh` unless the address or an earlier visit says `en`. */
export const language = ref<'zh' | 'en'>(stored === 'en' ? 'en' : 'zh');
export const t = ref<Texts>(zh);

watchEffect(() => {
  t.value = language.value === 'en' ? en : zh;
  document.documentElement.lang = language.value === 'en' ? 'en' : 'zh-CN';
  document.title = t.value.title;
  localStorage.setItem('lang', language.value);
});

/** The text for a word of the contract, or the word itself when the page does not know it. */
export const word = (texts: Readonly<Record<string, string>>, key: string): string => texts[key] ?? key;

const shortDate: Intl.DateTimeFormatOptions = {
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
};
export const when = (text: string): string =>
  new Date(text).toLocaleString(language.value === 'en' ? 'en-GB' : 'zh-CN', shortDate);
