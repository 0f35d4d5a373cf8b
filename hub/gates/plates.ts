/**
 * A plate in the form in which plates are compared: full-width letters and digits made half-width, upper case, without
 * spaces, dots and hyphens. Nothing is corrected: what a camera is unsure of goes to the guard.
 */
export function normalisePlate(text: string): string {
  return text
    .normalize('NFKC')
    .toUpperCase()
    .normalize('NFKC')
    .replaceAll(/[\s·•．.\-－—_]/gu, '');
}

const PROVINCES = '京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼';
/** I and O stand on no plate, but people type them, and cameras read them. */
const PLAIN = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const SUFFIXES = '挂学警港澳使领应急';

export type PlateForm =
  | 'ordinary'
  | 'new-energy-small'
  | 'new-energy-large'
  | 'embassy'
  | 'consulate'
  | 'armed-police'
  | 'military'
  | 'emergency'
  | 'unknown';

/** The first three are checked expressions; of the others only the shape is public, and what is none of them is no error. */
const FORMS: readonly (readonly [Exclude<PlateForm, 'unknown'>, RegExp])[] = [
  ['ordinary', new RegExp(`^[${PROVINCES}][A-HJ-NP-Z][A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳]$`)],
  ['new-energy-small', new RegExp(`^[${PROVINCES}][A-HJ-NP-Z][A-HJK][A-HJ-NP-Z0-9]\\d{4}$`)],
  ['new-energy-large', new RegExp(`^[${PROVINCES}][A-HJ-NP-Z]\\d{5}[A-HJK]$`)],
  ['embassy', /^(?:使\d{6}|\d{6}使)$/],
  ['consulate', new RegExp(`^[${PROVINCES}][A-HJ-NP-Z]?\\d{4,5}领$`)],
  ['armed-police', new RegExp(`^WJ[${PROVINCES}]?\\d{4}[A-Z0-9]$`)],
  ['military', /^[A-HJ-NP-Z]{2}\d{5}$/],
  ['emergency', new RegExp(`^[${PROVINCES}][A-HJ-NP-Z][A-Z0-9]{3,5}应急$`)],
];

/** What kind of plate a normalised text looks like; `unknown` is a matter for the guard, never a refusal by itself. */
export const plateForm = (plate: string): PlateForm => FORMS.find(([, shape]) => shape.test(plate))?.[0] ?? 'unknown';

const SHORTEST = 5;
const LONGEST = 10;
/** What may stand at a place, for a slip there: a province first, a suffix behind. */
const FIRST = Array.from(PROVINCES + PLAIN);
const BEHIND = Array.from(PLAIN + SUFFIXES);
const alphabetAt = (place: number): readonly string[] => (place === 0 ? FIRST : BEHIND);

/**
 * Every plate that is one slip away from a normalised one: a character read as another, left out, or read twice over. At most
 * some 900; none for what is too long or too short to be a plate. If one plate is near another, that one is near it.
 */
export function nearPlates(plate: string): ReadonlySet<string> {
  const read = Array.from(plate);
  const near = new Set<string>();
  if (read.length < SHORTEST || read.length > LONGEST) return near;
  const add = (place: number, removed: number, put: string): void => {
    near.add([...read.slice(0, place), put, ...read.slice(place + removed)].join(''));
  };
  for (const [place, character] of read.entries()) {
    const alphabet = alphabetAt(place);
    if (!alphabet.includes(character)) continue;
    for (const other of alphabet) add(place, 1, other);
    if (read.length > SHORTEST) add(place, 1, '');
  }
  if (read.length < LONGEST)
    for (let place = 0; place <= read.length; place += 1) for (const put of alphabetAt(place)) add(place, 0, put);
  near.delete(plate);
  return near;
}
