import type { Clock, DurationMs } from '../base/index.ts';
import { sleep } from '../base/index.ts';

/** A pause of a loop that can be cut short. A wake that comes while nothing pauses cuts the next pause. */
export interface Pause {
  wait(delay: DurationMs | undefined, signal: AbortSignal): Promise<void>;
  wake(): void;
}

export function createPause(clock: Clock): Pause {
  let current: AbortController | undefined;
  let woken = false;
  return {
    wait: async (delay, signal) => {
      if (woken || signal.aborted) {
        woken = false;
        return;
      }
      const cut = new AbortController();
      current = cut;
      const either = AbortSignal.any([signal, cut.signal]);
      await (delay === undefined ? aborted(either) : sleep(clock, delay, either));
      current = undefined;
      woken = false;
    },
    wake: () => {
      woken = true;
      current?.abort();
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
