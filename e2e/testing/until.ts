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
  const { within = 30_000, every = 20 } = patience;
  const deadline = performance.now() + within;
  for (;;) {
    const { found, cause } = await attempt(look);
    if (found !== undefined && found !== null && found !== false) return found as Found<T>;
    if (performance.now() > deadline) throw new Error(`waited ${within} ms in vain: ${what}`, { cause });
    await pause(every);
  }
}

async function attempt<T>(look: () => T | Promise<T>): Promise<{ readonly found?: T; readonly cause?: unknown }> {
  try {
    return { found: await look() };
  } catch (cause) {
    return { cause };
  }
}
