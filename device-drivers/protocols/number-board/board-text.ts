import { type Result, failure, ok } from '@hallhub/sync/base';
import { type DeclaredMessage, declaredCodec } from '../../kit/index.ts';
import type { BoardParams } from './params.ts';

/** What a board is made to show: a number, a text, or nothing. */
export type Shown = { readonly number: number } | { readonly text: string } | { readonly dark: true };

/**
 * What of a line a board can show: of "A012" a board of digits shows 012. Errors: `E-DEV-0203` for what it has no digits, letters
 * or places for.
 */
export function shownOn({ shows, places, blank }: BoardParams, line: string): Result<Shown> {
  if (line.trim() === '')
    return blank === undefined ? failure('E-DEV-0203', 'this board is never dark') : ok({ dark: true });
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

export function encodeBoard(params: BoardParams, shown: Shown): Uint8Array {
  const { frame, address, fields, blank } = params;
  const what = 'dark' in shown ? (typeof blank === 'string' ? { text: blank } : { number: blank ?? 0 }) : shown;
  const message: DeclaredMessage =
    'text' in what
      ? { fields: { ...fields, address }, data: Uint8Array.from(Buffer.from(what.text, 'latin1')) }
      : { fields: { ...fields, address, value: what.number }, data: new Uint8Array() };
  return declaredCodec(frame).encode(message);
}
