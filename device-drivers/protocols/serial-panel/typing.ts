import type { DurationMs, MonoMs } from '@hallhub/sync/base';

/** Digits typed so far, and when the last one was. */
export interface Typed {
  readonly keys: string;
  readonly at: MonoMs;
}

const LONGEST = 16;

/** Takes a key. `enter` ends the number, `clear` drops it, and one that was left lying is forgotten. */
export function typeKey(
  before: Typed | undefined,
  key: string,
  now: MonoMs,
  forgetAfter: DurationMs,
): { readonly typed: Typed | undefined; readonly entered?: string } {
  const keys = before && now - before.at < forgetAfter ? before.keys : '';
  if (key === 'clear') return { typed: undefined };
  if (key === 'enter') return keys === '' ? { typed: undefined } : { typed: undefined, entered: keys };
  return keys.length >= LONGEST ? { typed: undefined } : { typed: { keys: keys + key, at: now } };
}
