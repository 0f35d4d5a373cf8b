import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SURNAMES } from './surnames.ts';

/*
 * Makes table.ts from the Unihan database (UAX #38), as Debian's package unicode-data installs it:
 *
 *   node kiosk-app/pinyin/make-table.ts <folder with Unihan_Readings.txt.bz2>
 */

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: make-table.ts <folder with Unihan_*.txt.bz2>');

const TONES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Array.from('āáǎà').map((letter) => [letter, 'a'])),
  ...Object.fromEntries(Array.from('ēéěèê').map((letter) => [letter, 'e'])),
  ...Object.fromEntries(Array.from('īíǐì').map((letter) => [letter, 'i'])),
  ...Object.fromEntries(Array.from('ōóǒò').map((letter) => [letter, 'o'])),
  ...Object.fromEntries(Array.from('ūúǔù').map((letter) => [letter, 'u'])),
  ...Object.fromEntries(Array.from('üǖǘǚǜ').map((letter) => [letter, 'v'])),
  ...Object.fromEntries(Array.from('ńňǹ').map((letter) => [letter, 'n'])),
  ḿ: 'm',
};
const toneless = (reading: string): string =>
  Array.from(reading.normalize('NFC'))
    .map((letter) => TONES[letter] ?? letter)
    .join('')
    // What is left are tone marks on letters that have no composed form.
    .replaceAll(/\p{M}/gu, '');

function* fields(file: string): Generator<readonly [character: string, field: string, value: string]> {
  const text = execFileSync('bzcat', [join(folder ?? '', `${file}.txt.bz2`)], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  for (const line of text.split('\n')) {
    const [point, field, value] = line.split('\t');
    if (point?.startsWith('U+') && field && value)
      yield [String.fromCodePoint(Number.parseInt(point.slice(2), 16)), field, value];
  }
}

const readings = new Map<string, Set<string>>();
/** How often a reading was met in a million syllables of modern text: kHanyuPinlu. */
const counts = new Map<string, number>();
/** Place in the list of generally used characters (通用规范汉字表): kTGH. */
const places = new Map<string, number>();
/** 1 (often) to 5 (seldom): kFrequency. */
const classes = new Map<string, number>();
const main = new Map<string, string>();

const add = (character: string, reading: string): void => {
  const plain = toneless(reading);
  if (/^[a-z]+$/.test(plain)) readings.set(character, (readings.get(character) ?? new Set()).add(plain));
};
for (const [character, field, value] of fields('Unihan_Readings')) {
  if (field === 'kTGHZ2013' || field === 'kXHC1983')
    for (const entry of value.split(' ')) for (const one of (entry.split(':')[1] ?? '').split(',')) add(character, one);
  if (field === 'kMandarin') main.set(character, toneless(value.split(' ')[0] ?? ''));
  if (field === 'kHanyuPinlu')
    for (const [, reading, count] of value.matchAll(/([^\s(]+)\((\d+)\)/g)) {
      const key = `${character}${toneless(reading ?? '')}`;
      counts.set(key, (counts.get(key) ?? 0) + Number(count));
    }
}
for (const [character, field, value] of fields('Unihan_OtherMappings'))
  if (field === 'kTGH') places.set(character, Number(value.split(':')[1]));
for (const [character, field, value] of fields('Unihan_DictionaryLikeData'))
  if (field === 'kFrequency') classes.set(character, Number(value));
for (const [surname, reading] of Object.entries(SURNAMES)) {
  const syllables = reading.split(' ');
  for (const [at, character] of Array.from(surname).entries()) add(character, syllables[at] ?? '');
}

const UNLISTED = 20_000;
/** Small: often. A character's other readings come after the main readings of characters as common. */
const rank = (character: string, reading: string): number =>
  -(counts.get(`${character}${reading}`) ?? 0) * 1_000 +
  (places.get(character) ?? UNLISTED) +
  (classes.get(character) ?? 6) * 10 +
  (main.get(character) === reading ? 0 : 2_000);

const bySyllable = new Map<string, string[]>();
for (const [character, syllables] of readings)
  for (const syllable of syllables) bySyllable.set(syllable, [...(bySyllable.get(syllable) ?? []), character]);
const lines = [...bySyllable.keys()].sort().map((syllable) => {
  const characters = (bySyllable.get(syllable) ?? []).sort(
    (a, b) => rank(a, syllable) - rank(b, syllable) || (a < b ? -1 : 1),
  );
  return `${syllable} ${characters.join('')}`;
});

writeFileSync(
  join(import.meta.dirname, 'table.ts'),
  `/*
 * Made by make-table.ts from the Unihan database (kTGHZ2013, kXHC1983, kHanyuPinlu, kFrequency, kTGH).
 * Copyright © 1991-2022 Unicode, Inc. Used under the Unicode License, https://www.unicode.org/license.txt
 */

/** A line a syllable: without its tone, ü as v; then the characters, the most common first. */
export const TABLE = \`
${lines.join('\n')}
\`;
`,
);
