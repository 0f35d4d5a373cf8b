import type { DurationMs, EpochMs } from '@hallhub/sync/base';
import { ms, plus } from '@hallhub/sync/base';

/*
 * What is said in a hall, one after the other: two calls at once must not drown each other. Pure: whoever plays it says when it
 * has ended, and when somebody may have waited long enough.
 */

export interface Announcement {
  readonly id: string;
  readonly ticket: string;
  readonly counter: string;
  readonly zh: string;
  readonly en: string;
  readonly lasts: DurationMs;
}

export interface Announcing {
  readonly waiting: readonly Announcement[];
  readonly current?: { readonly said: Announcement; readonly until: EpochMs };
}

export const SILENCE: Announcing = { waiting: [] };

const isSame = (a: Announcement, b: Announcement): boolean => a.ticket === b.ticket && a.counter === b.counter;

/** A call that still waits to be said, or is being said, is not said once more for being repeated. */
export function announce(state: Announcing, one: Announcement): Announcing {
  if (state.current && isSame(state.current.said, one)) return state;
  if (state.waiting.some((other) => isSame(other, one))) return state;
  // The same number to another counter: the older call is wrong by now.
  const others = state.waiting.filter(({ ticket }) => ticket !== one.ticket);
  return { ...state, waiting: [...others, one] };
}

/** Says the next, when the one before has ended. `still`: whether a call has not been answered or taken back meanwhile. */
export function proceed(
  state: Announcing,
  now: EpochMs,
  still: (one: Announcement) => boolean,
): { readonly state: Announcing; readonly say?: Announcement } {
  if (state.current && now < state.current.until) return { state };
  const [first, ...rest] = state.waiting.filter(still);
  if (!first) return { state: SILENCE };
  return { state: { waiting: rest, current: { said: first, until: plus(now, first.lasts) } }, say: first };
}

const DIGITS = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'] as const;
const WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'] as const;

const digit = (list: readonly string[], character: string): string => list[Number(character)] ?? character;

/** `A012` as it is said, each digit singly: `A零幺二`. */
export const spokenZh = (number: string, yao: boolean): string =>
  number.replace(/\d/g, (character) => (character === '1' && yao ? '幺' : digit(DIGITS, character)));

/** `A012` as it is said: `A zero one two`. */
export const spokenEn = (number: string): string =>
  Array.from(number, (character) => (/\d/.test(character) ? digit(WORDS, character) : character)).join(' ');

export interface Wording {
  readonly number: string;
  readonly counter: { readonly zh: string; readonly en: string };
  readonly yao: boolean;
}

export const textZh = ({ number, counter, yao }: Wording): string => `请${spokenZh(number, yao)}号到${counter.zh}`;
export const textEn = ({ number, counter }: Wording): string =>
  `Number ${spokenEn(number)}, please go to ${counter.en}`;

/** Mandarin at an easy pace, and English words. In milliseconds. */
const SYLLABLE = 240;
const CHIME = 1_200;

/** How long something takes to be said, so often and in these languages; never shorter than `dwell`. */
export function sayingLasts(
  text: { readonly zh: string; readonly en: string },
  how: {
    readonly languages: readonly ('zh' | 'en')[];
    readonly repeat: number;
    readonly chime: boolean;
    readonly dwell: DurationMs;
  },
): DurationMs {
  const once = how.languages.reduce(
    (sum, language) => sum + Array.from(text[language]).length * (language === 'zh' ? SYLLABLE : 70),
    0,
  );
  return ms(Math.max(how.dwell, once * how.repeat + (how.chime ? CHIME : 0)));
}
