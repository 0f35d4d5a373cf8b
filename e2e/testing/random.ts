/** Choices that are the same for the same seed. What happens between them is up to the machine. */
export interface Choices {
  /** From 0 up to, not including, `below`. */
  integer(below: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** @throws {RangeError} when there is nothing to choose from. */
  of<T>(items: readonly T[]): T;
}

/** mulberry32. */
export function choices(seed: number): Choices {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    integer: (below) => Math.floor(fraction() * below),
    chance: (probability) => fraction() < probability,
    of: (items) => {
      if (items.length === 0) throw new RangeError('nothing to choose from');
      return items[Math.floor(fraction() * items.length)] as (typeof items)[number];
    },
  };
}
