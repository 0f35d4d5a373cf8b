import type { ServiceName } from '../../e2e/queue-day/hall.ts';
import { SERVICES } from '../../e2e/queue-day/hall.ts';

/*
 * People who come to a hall on a made day: a rush at opening, another before noon, a third after lunch. Not recorded anywhere; the
 * same people come every time.
 */

const MINUTE = 60_000;
export const SEED = 20_260_901;
/** People an hour at six counters, from eight o'clock. */
export const DAYS = {
  'term-start': [120, 95, 80, 110, 40, 90, 85, 70, 30],
  ordinary: [45, 50, 55, 70, 25, 45, 50, 40, 20],
} as const;

/** Mulberry32: the same day every time. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Arrival {
  readonly service: ServiceName;
  /** From 0 to 1, for whatever else they are. */
  readonly kind: number;
  /** Milliseconds since the doors opened. */
  readonly at: number;
  /** What is asked for takes so long, in milliseconds. */
  readonly lasts: number;
}

/** In the order in which they come. */
export function arrivals(perHour: readonly number[], random: () => number): readonly Arrival[] {
  const list: Arrival[] = [];
  for (const [hour, people] of perHour.entries())
    for (let at = -Math.log(1 - random()) / people; at < 1; at -= Math.log(1 - random()) / people) {
      const service = random() < 0.55 ? 'enrolment' : random() < 0.5 ? 'transcript' : 'cards';
      const kind = random();
      // Service times of counters are skewed: many short, some long.
      const lasts = SERVICES[service] * MINUTE * Math.exp(0.5 * normal(random) - 0.125);
      list.push({ service, kind, at: (hour + at) * 60 * MINUTE, lasts });
    }
  return list.sort((a, b) => a.at - b.at);
}

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
