import { COMMON_SURNAMES, SURNAMES } from './surnames.ts';
import { TABLE } from './table.ts';

/** One thing that the letters typed so far may mean. */
export interface Candidate {
  readonly text: string;
  /** How many of the letters it uses up; the rest stays typed. */
  readonly letters: number;
}

/** The longest syllable, `zhuang`. */
const LONGEST = 6;
/** So many characters are offered for a beginning that is no syllable yet. */
const FOR_A_BEGINNING = 4;
/** So many ways to part the letters are looked at. */
const WAYS = 8;

const characters = new Map<string, readonly string[]>(
  TABLE.trim()
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([syllable, list]) =>
      // Grunts (嗯 ng, 呣 m) would make two syllables of one: nothing that is a name is read so.
      syllable !== undefined && list !== undefined && /[aeiouv]/.test(syllable)
        ? [[syllable, Array.from(list)] as const]
        : [],
    ),
);

interface Surname {
  readonly text: string;
  readonly letters: string;
}
const surnames: readonly Surname[] = [
  ...Object.entries(SURNAMES).map(([text, reading]) => ({ text, letters: reading.replaceAll(' ', '') })),
  ...Array.from(COMMON_SURNAMES).map((text) => ({ text, letters: '' })),
];
/** Where two syllables of a surname are typed, what follows the first of them is known. */
const compound = surnames.filter(({ text }) => Array.from(text).length > 1);
const commonness = new Map(Array.from(COMMON_SURNAMES).map((text, at) => [text, at]));
const readAsSurname = new Map(Object.entries(SURNAMES).filter(([text]) => Array.from(text).length === 1));

/** ü is typed as v; where only ü can follow, people type u as well. */
export const normalise = (typed: string): string =>
  typed
    .toLowerCase()
    .replaceAll(/[^a-z]/g, '')
    .replaceAll(/([ln])ue/g, '$1ve')
    .replaceAll(/([jqxy])v/g, '$1u');

/**
 * The ways to part letters into whole syllables, the fewest syllables first: `xian` is `[xian]` and `[xi, an]`. Empty
 * where they cannot be parted without a rest.
 */
export function segmentations(letters: string): readonly (readonly string[])[] {
  const known = new Map<number, readonly (readonly string[])[]>([[letters.length, [[]]]]);
  const from = (at: number): readonly (readonly string[])[] => {
    const before = known.get(at);
    if (before) return before;
    const found: (readonly string[])[] = [];
    for (let length = Math.min(LONGEST, letters.length - at); length > 0; length -= 1) {
      const syllable = letters.slice(at, at + length);
      if (!characters.has(syllable)) continue;
      for (const rest of from(at + length)) found.push([syllable, ...rest]);
    }
    const best = found.sort((a, b) => a.length - b.length).slice(0, WAYS);
    known.set(at, best);
    return best;
  };
  return letters === '' ? [] : from(0);
}
/** What the first syllable may be: those of whole partings first, then any syllable that the letters begin with. */
function firstSyllables(letters: string): readonly string[] {
  const whole = segmentations(letters).flatMap(([first]) => (first === undefined ? [] : [first]));
  const prefixes: string[] = [];
  for (let length = Math.min(LONGEST, letters.length); length > 0; length -= 1)
    if (characters.has(letters.slice(0, length))) prefixes.push(letters.slice(0, length));
  return [...new Set([...whole, ...prefixes])];
}

/** As surnames go, where one is typed; otherwise as texts go. */
function ordered(syllable: string, surnameFirst: boolean): readonly string[] {
  const all = characters.get(syllable) ?? [];
  if (!surnameFirst) return all;
  const place = (character: string): number =>
    commonness.get(character) ?? (readAsSurname.get(character) === syllable ? 100 : 1_000);
  const bears = (character: string): boolean => {
    const reading = readAsSurname.get(character);
    return reading === undefined ? commonness.has(character) : reading === syllable;
  };
  const names = all.filter(bears).sort((a, b) => place(a) - place(b));
  return [...names, ...all.filter((character) => !names.includes(character))];
}

/**
 * What tone-free letters may mean, the likeliest first; each text appears once. `surname`: nothing has been chosen yet, so
 * a surname is expected. Several syllables may be typed at once; each choice uses up its own letters.
 */
export function candidates(typed: string, options: { readonly surname: boolean }): readonly Candidate[] {
  const letters = normalise(typed);
  if (letters === '') return [];
  const found = new Map<string, number>();
  const offer = (text: string, used: number): void => {
    if (!found.has(text)) found.set(text, used);
  };
  if (options.surname)
    for (const { text, letters: reading } of compound) if (letters.startsWith(reading)) offer(text, reading.length);
  const firsts = firstSyllables(letters);
  for (const first of firsts) for (const character of ordered(first, options.surname)) offer(character, first.length);
  // Still at its beginning: what it may become.
  for (const [syllable, list] of characters)
    if (syllable.length > letters.length && syllable.startsWith(letters))
      for (const character of firsts.length > 0
        ? list.slice(0, 1)
        : ordered(syllable, options.surname).slice(0, FOR_A_BEGINNING))
        offer(character, letters.length);
  return [...found].map(([text, used]) => ({ text, letters: used }));
}
