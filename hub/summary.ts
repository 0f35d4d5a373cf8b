import type { Label } from './config/index.ts';

/** One number that says how a domain is doing today. */
export interface Figure {
  readonly text: Label;
  readonly value: number;
}

/** Something that waits for a person, and the page on which it is mended. */
export interface Attention {
  readonly text: Label;
  readonly count: number;
  readonly page: string;
}

/**
 * What a domain shows of itself on the console. Each domain has a `summary.ts` that makes one from its service; a new
 * domain appears on the console by one line in the composition root.
 */
export interface DomainSummary {
  readonly domain: string;
  readonly title: Label;
  readonly figures: readonly Figure[];
  /** Only what is not zero. */
  readonly attention: readonly Attention[];
}

export type Summarise = () => DomainSummary;

/** Leaves out what nobody has to look at. */
export const waiting = (...candidates: readonly Attention[]): readonly Attention[] =>
  candidates.filter(({ count }) => count > 0);
