import type { Locale } from '@hallhub/hub/web/kit/i18n.ts';
import { locale, setLocale } from '@hallhub/hub/web/kit/i18n.ts';
import { reactive, watch } from 'vue';

/** What the person before the screen made of it; gone when they are. */
export interface Settings {
  large: boolean;
  contrast: boolean;
  /** Everything that is touched in the lower half, for whoever sits. */
  low: boolean;
  voice: boolean;
}

const FRESH: Readonly<Settings> = { large: false, contrast: false, low: false, voice: false };

export const settings = reactive<Settings>({ ...FRESH });

const asked = new URLSearchParams(location.search).get('lang');
/** The language a stranger finds. */
const usual: Locale = asked === 'en' ? 'en' : 'zh';

export function resetSettings(): void {
  Object.assign(settings, FRESH);
  if (locale.value !== usual) setLocale(usual);
}

const mark = (name: string, on: boolean): void => {
  document.documentElement.toggleAttribute(`data-${name}`, on);
};
watch(
  settings,
  ({ large, contrast, low }) => {
    mark('large', large);
    mark('contrast', contrast);
    mark('low', low);
  },
  { immediate: true },
);
setLocale(usual);
