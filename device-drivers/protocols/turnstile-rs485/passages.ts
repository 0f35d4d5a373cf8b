const MODULUS = 2 ** 24;

/**
 * How many people walked through between two looks at a 24-bit counter. A counter that runs over goes on at 0; one that
 * stands lower otherwise, or higher than anybody could have walked, was reset (the board lost its power, somebody cleared
 * it), and what it shows is where things stand.
 */
export function passagesBetween(before: number, now: number, most: number): number {
  const walked = (now - before + MODULUS) % MODULUS;
  return walked <= most ? walked : 0;
}

/** At most so many in the time between two looks: one person each way every 300 ms, and a little more. */
export function mostWithin(elapsedMs: number): number {
  return Math.ceil(elapsedMs / 300) + 2;
}
