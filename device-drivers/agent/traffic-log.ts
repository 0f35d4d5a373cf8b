import type { Traffic } from '../kit/index.ts';

/** The last frames of one device, in a ring: as many as an operator looks at, no more memory than that. */
export interface TrafficLog {
  add(traffic: Traffic): void;
  /** Oldest first. */
  list(): readonly Traffic[];
}

export function createTrafficLog(size = 200): TrafficLog {
  const ring: Traffic[] = [];
  let next = 0;
  return {
    add: (traffic) => {
      ring[next] = traffic;
      next = (next + 1) % size;
    },
    list: () => [...ring.slice(next), ...ring.slice(0, next)],
  };
}
