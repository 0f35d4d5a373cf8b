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
 * The fewest clips that say a text, the longest first from the left; Latin letters without regard to case. Undefined where some
 * of it was never recorded: the whole is spoken by synthesis then, not half of it in another voice.
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
    if (clip === undefined) return undefined;
    pieces.push({ clip });
    rest = rest.slice(clip.length);
  }
  while (pieces.length > 0 && 'pause' in (pieces.at(-1) ?? {})) pieces.pop();
  return pieces;
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
