import type { DurationMs, EpochMs } from '@hallhub/sync/base';
import { ms, plus } from '@hallhub/sync/base';
import type { Spans } from '../devices/index.ts';

/** How much of a span of time a device was there (`lit`), was not (`dark`), and nobody could tell. Milliseconds. */
export interface Sight {
  readonly lit: number;
  readonly dark: number;
  readonly unwatched: number;
}

/** A device that has a fault of its own still answers; one that starts does not yet. Out of service nobody looks. */
export const sightOf = (spans: Spans): Sight => ({
  lit: (spans.ready ?? 0) + (spans.degraded ?? 0),
  dark: (spans.down ?? 0) + (spans.starting ?? 0),
  unwatched: spans.unknown ?? 0,
});

/** By device. */
export type Sights = ReadonlyMap<string, Sight>;

/** A bundle on trial, and the devices that were there for most of the time before it. */
export interface Trial {
  readonly since: EpochMs;
  readonly length: DurationMs;
  /** When it is judged next: after its length, and later where nobody watched. */
  readonly until: EpochMs;
  readonly litBefore: readonly string[];
}

export type Verdict =
  | { readonly type: 'kept' }
  | { readonly type: 'back'; readonly dark: readonly string[] }
  | { readonly type: 'wait'; readonly until: EpochMs };

/** The first half of a trial belongs to the devices, which start again: what they do in it proves nothing. */
export const settledAt = (since: EpochMs, length: DurationMs): EpochMs => plus(since, ms(length / 2));

/** What is looked at when a trial is judged at `now`: the last half of its length. */
export const judgedFrom = ({ since, length }: Pick<Trial, 'since' | 'length'>, now: EpochMs): EpochMs =>
  Math.max(settledAt(since, length), now - length / 2) as EpochMs;

/** The devices that were there for most of the time in which somebody could tell. */
export function mostlyLit(sights: Sights): readonly string[] {
  return [...sights].flatMap(([device, { lit, dark }]) => (lit > dark ? [device] : [])).sort();
}

/**
 * How a trial stands at `now`. `during` is what was seen since {@link judgedFrom}. A device counts that was there before and was
 * dark for most of the time in which it was watched, if that was most of the time; whatever it does at this instant. Where most
 * devices were not watched (the hub was down, an agent is without power) there is another half. One that is no longer there
 * (`during` has it not) says nothing.
 */
export function judgeTrial({ length, until, litBefore }: Trial, during: Sights, now: EpochMs): Verdict {
  if (now < until) return { type: 'wait', until };
  const seen = litBefore.flatMap((device) => {
    const sight = during.get(device);
    return sight ? [{ device, ...sight }] : [];
  });
  const watched = seen.filter(({ lit, dark, unwatched }) => lit + dark > 0 && unwatched <= lit + dark);
  const gone = watched.flatMap(({ device, lit, dark }) => (dark > lit ? [device] : []));
  if (gone.length > 0) return { type: 'back', dark: gone };
  return watched.length * 2 >= seen.length
    ? { type: 'kept' }
    : { type: 'wait', until: plus(now, ms(Math.max(1, length / 2))) };
}
