import { type Result, failure, ok } from '@hallhub/sync/base';

/** What a board is made to show: a number, a text, or nothing. */
export type Shown = { readonly number: number } | { readonly text: string } | { readonly dark: true };

export interface LineForm {
  /** Digits, or digits and Latin letters. */
  readonly shows: 'number' | 'text';
  readonly places: number;
  readonly canBeDark: boolean;
}

/**
 * What of a line a board can show: of "A012" a board of digits shows 012. Errors: `E-DEV-0203` for what it has no digits, letters
 * or places for.
 */
export function shownLine({ shows, places, canBeDark }: LineForm, line: string): Result<Shown> {
  if (line.trim() === '') return canBeDark ? ok({ dark: true }) : failure('E-DEV-0203', 'this board is never dark');
  if (shows === 'text') {
    const text = line.trim().toUpperCase();
    if (!/^[0-9A-Z .-]+$/.test(text)) return failure('E-DEV-0203', 'this board has digits and Latin letters');
    return text.length > places
      ? failure('E-DEV-0203', `${text.length} letters for ${places} places`)
      : ok({ text: text.padStart(places) });
  }
  const [digits, ...more] = line.match(/\d+/g) ?? [];
  if (digits === undefined || more.length > 0) return failure('E-DEV-0203', 'this board shows one number');
  // Zeros in front need no places: the board fills up by itself.
  const significant = digits.replace(/^0+(?=\d)/, '');
  return significant.length > places
    ? failure('E-DEV-0203', `${significant.length} digits for ${places} places`)
    : ok({ number: Number(significant) });
}
