import type { DurationMs, MonoMs } from '@hallhub/sync/base';

/** Keys typed so far, and when the last one was. */
export interface Typing {
  readonly keys: string;
  readonly since: MonoMs;
}

const LONGEST_ENTRY = 16;

/**
 * Takes a key. `#` ends the entry, `*` clears it, and an entry that was left lying is forgotten: the next person's PIN
 * must not begin with it.
 */
export function typeKey(
  state: Typing | undefined,
  key: string,
  now: MonoMs,
  forgetAfter: DurationMs,
): { readonly state: Typing | undefined; readonly entered?: string } {
  const before = state && now - state.since < forgetAfter ? state.keys : '';
  if (key === '*') return { state: undefined };
  if (key === '#') return before === '' ? { state: undefined } : { state: undefined, entered: before };
  const keys = before + key;
  return keys.length > LONGEST_ENTRY ? { state: undefined } : { state: { keys, since: now } };
}

/** The key in a burst: a digit by itself, or Wiegand's 4 bits, or 8 bits of which the first four are the others inverted. */
export function readKey(text: string, keys: 'text' | 'bits-4' | 'bits-8'): string | undefined {
  switch (keys) {
    case 'text':
      return /^[0-9*#]$/.test(text) ? text : undefined;
    case 'bits-4':
      return /^[01]{4}$/.test(text) ? KEYS[Number.parseInt(text, 2)] : undefined;
    case 'bits-8': {
      if (!/^[01]{8}$/.test(text)) return undefined;
      const byte = Number.parseInt(text, 2);
      return byte >> 4 === (~byte & 0xf) ? KEYS[byte & 0xf] : undefined;
    }
  }
}

const KEYS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#'] as const;
