import type { Cancel, Clock } from '@hallhub/sync/base';
import { seconds } from '@hallhub/sync/base';

/** How soon something that happened is offered to the journal again after it could not be written. */
const RETRY = seconds(5);

/**
 * What has happened and could not be written (a full disk), in the order in which it happened. It belongs to the process, not to a
 * gate: a gate that ends or begins anew loses nothing of it.
 */
export function createWriteLater(deps: { readonly clock: Clock; readonly onFault: (error: unknown) => void }): {
  add(write: () => void): void;
  /** Tries once more, now, and then no longer: the journal is about to be closed. */
  stop(): void;
} {
  const waiting: (() => void)[] = [];
  let cancelTimer: Cancel | undefined;
  const flush = (): void => {
    cancelTimer?.();
    cancelTimer = undefined;
    // One that cannot be written does not hold up the others.
    for (const write of waiting.splice(0)) {
      try {
        write();
      } catch (error) {
        deps.onFault(error);
        waiting.push(write);
      }
    }
    if (waiting.length > 0) cancelTimer = deps.clock.after(RETRY, flush);
  };
  return {
    add: (write) => {
      waiting.push(write);
      cancelTimer ??= deps.clock.after(RETRY, flush);
    },
    stop: () => {
      flush();
      cancelTimer?.();
      cancelTimer = undefined;
    },
  };
}
