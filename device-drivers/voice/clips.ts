/*
 * A text as the names of recorded clips. A clip's name is what is said in it: 请, 号, A, 3, 窗口. Numbers of tickets are read digit
 * by digit, as they are called in halls.
 */
const PAUSES = /^[\s,.;:!?，。；：！？、]+/u;
const LETTER_OR_DIGIT = /^[0-9A-Za-z]/;
/** No clip is longer: a whole sentence may be recorded in one. */
const LONGEST_NAME = 40;

/** A clip by its name, or a short silence where the text has a comma or a blank between words. */
export type Piece = { readonly clip: string } | { readonly pause: true };

/**
 * The fewest clips that say a text, the longest first from the left; Latin letters without regard to case. Digits that are
 * written out (零, 幺, zero) are said with the clips of digits where they have none of their own. Undefined where some of it was
 * never recorded: the whole is spoken by synthesis then, not half of it in another voice.
 */
export function clipsFor(text: string, recorded: ReadonlySet<string>): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  let rest = text.normalize('NFC').trim();
  while (rest !== '') {
    const pause = PAUSES.exec(rest)?.[0];
    if (pause !== undefined) {
      if (pieces.length > 0) pieces.push({ pause: true });
      rest = rest.slice(pause.length);
      continue;
    }
    const clip = longestAt(rest, recorded);
    const found = clip === undefined ? digitAt(rest, recorded) : { clip, length: clip.length };
    if (!found) return undefined;
    pieces.push({ clip: found.clip });
    rest = rest.slice(found.length);
  }
  while (pieces.length > 0 && 'pause' in (pieces.at(-1) ?? {})) pieces.pop();
  return pieces;
}

const HAN_DIGIT = /^[零一二三四五六七八九幺]/u;
const DIGIT_WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
/** A word, and the blank between it and another one, which is no pause. */
const DIGIT_WORD = new RegExp(`^(${DIGIT_WORDS.join('|')})\\b(?: (?=(?:${DIGIT_WORDS.join('|')})\\b))?`, 'iu');

/** The clip of a digit that is written out. */
function digitAt(
  text: string,
  recorded: ReadonlySet<string>,
): { readonly clip: string; readonly length: number } | undefined {
  const han = HAN_DIGIT.exec(text)?.[0];
  const [whole = '', word = ''] = DIGIT_WORD.exec(text) ?? [];
  const digit = han === undefined ? DIGIT_WORDS.indexOf(word.toLowerCase()) : '零一二三四五六七八九'.indexOf(han);
  const clip = han === '幺' ? '1' : String(digit);
  return recorded.has(clip) ? { clip, length: han === undefined ? whole.length : han.length } : undefined;
}

function longestAt(text: string, recorded: ReadonlySet<string>): string | undefined {
  for (let length = Math.min(LONGEST_NAME, text.length); length > 0; length -= 1) {
    const name = text.slice(0, length);
    // A number is never looked for as a whole: 12 in a ticket is "one two".
    if (length > 1 && /^[0-9]+$/.test(name)) continue;
    if (recorded.has(name)) return name;
    if (LETTER_OR_DIGIT.test(name)) {
      const other = [name.toUpperCase(), name.toLowerCase()].find((form) => recorded.has(form));
      if (other !== undefined) return other;
    }
  }
  return undefined;
}

/**
 * The text as speech synthesis must have it: digits apart, else A012 is read as "A twelve". `one` is how 1 is called where people
 * say yao for it.
 */
export const forSpeech = (text: string, language: 'zh' | 'en', one: 'yi' | 'yao' = 'yi'): string =>
  text.replaceAll(/[0-9]+/g, (digits) =>
    digits
      .split('')
      .join(' ')
      .replaceAll('1', language === 'zh' && one === 'yao' ? '幺' : '1'),
  );
