import type { Code } from './result.ts';

/** What people read when a code is shown to them, in the two languages of the product. */
export interface CodeText {
  readonly zh: string;
  readonly en: string;
}

export type Catalogue<C extends Code = Code> = Readonly<Record<C, CodeText>>;

/**
 * Declares the codes of one area. Each folder that refuses things has a `codes.ts` with one call; the hub joins all of
 * them into the one catalogue and a test keeps codes unique and never reused.
 */
export function defineCodes<const C extends Code>(codes: Catalogue<C>): Catalogue<C> {
  return codes;
}
