import type { DurationMs, MonoMs } from '@hallhub/sync/base';

/** What was presented last, and when it was heard last. */
export interface Presentation {
  readonly key: string;
  readonly heardAt: MonoMs;
}

/**
 * Whether a card is a new presentation. A reader that prints a card again and again while it lies there prints one
 * presentation; each repetition extends it.
 */
export function present(
  last: Presentation | undefined,
  key: string,
  now: MonoMs,
  repeatWithin: DurationMs,
): { readonly state: Presentation; readonly isNew: boolean } {
  const isRepeated = last?.key === key && now - last.heardAt < repeatWithin;
  return { state: { key, heardAt: now }, isNew: !isRepeated };
}
