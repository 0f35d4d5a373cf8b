import { setTimeout as pause } from 'node:timers/promises';

export interface Patience {
  /** Milliseconds until it is given up; 30 s by default. */
  readonly within?: number;
  /** Milliseconds between two looks. The hub allows 20 requests a second from one address, so looks through its API keep to 100. */
  readonly every?: number;
}

type Found<T> = Exclude<T, undefined | null | false>;

/**
 * Looks again and again until `look` finds something, and returns it. What `look` throws counts as nothing found.
 *
 * @throws {Error} when nothing was found in time, with `what` and what was thrown last.
 */
export async function until<T>(what: string, look: () => T | Promise<T>, patience: Patience = {}): Promise<Found<T>> {
  const { found, cause } = await search(look, patience);
  if (found === undefined) throw new Error(`waited in vain: ${what}`, { cause });
  return found;
}

/** As {@link until}, where nothing may be found as well: undefined then. */
export async function maybe<T>(look: () => T | Promise<T>, patience: Patience): Promise<Found<T> | undefined> {
  return (await search(look, patience)).found;
}

interface Search<T> {
  readonly found?: Found<T>;
  readonly cause?: unknown;
}

async function search<T>(look: () => T | Promise<T>, { within = 30_000, every = 20 }: Patience): Promise<Search<T>> {
  const deadline = performance.now() + within;
  for (;;) {
    const seen = await lookOnce(look);
    if (seen.found !== undefined || performance.now() > deadline) return seen;
    await pause(every);
  }
}

async function lookOnce<T>(look: () => T | Promise<T>): Promise<Search<T>> {
  try {
    const seen = await look();
    return seen === undefined || seen === null || seen === false ? {} : { found: seen as Found<T> };
  } catch (cause) {
    return { cause };
  }
}
