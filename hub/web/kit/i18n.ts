import { computed, ref } from 'vue';

export type Locale = 'zh' | 'en';

/** One text in the product's two languages. */
export interface Text {
  readonly zh: string;
  readonly en: string;
}

const asked = new URLSearchParams(location.search).get('lang');
const stored = localStorage.getItem('hallhub.lang');
const initial = [asked, stored].find((value): value is Locale => value === 'zh' || value === 'en') ?? 'zh';

export const locale = ref<Locale>(initial);

export function setLocale(next: Locale): void {
  locale.value = next;
  localStorage.setItem('hallhub.lang', next);
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en';
}

/** The text in the language chosen now; reactive inside templates and computed values. */
export const say = (text: Text): string => text[locale.value];

/** The campus's own zone: times on these pages are what the clock at the gate shows, wherever the browser is. */
export const timeZone = ref<string>();

const time = computed(
  () =>
    new Intl.DateTimeFormat(tag(), {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      ...(timeZone.value && { timeZone: timeZone.value }),
    }),
);
const dateTime = computed(
  () =>
    new Intl.DateTimeFormat(tag(), {
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      ...(timeZone.value && { timeZone: timeZone.value }),
    }),
);
const tag = (): string => (locale.value === 'zh' ? 'zh-CN' : 'en-GB');

export const clockTime = (at: number): string => time.value.format(at);
export const shortDateTime = (at: number): string => dateTime.value.format(at);

/** `3 min`, `2 h`, `5 d`: how long ago, in the coarsest unit that says it. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return say({ zh: `${seconds} 秒`, en: `${seconds} s` });
  if (seconds < 3600) return say({ zh: `${Math.round(seconds / 60)} 分钟`, en: `${Math.round(seconds / 60)} min` });
  if (seconds < 172_800)
    return say({ zh: `${Math.round(seconds / 3600)} 小时`, en: `${Math.round(seconds / 3600)} h` });
  return say({ zh: `${Math.round(seconds / 86_400)} 天`, en: `${Math.round(seconds / 86_400)} d` });
}

setLocale(initial);
