/** Numbers below a bound, the same for the same seed (mulberry32), so that a check that failed fails again. */
export function mulberry(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
