import { type Cancel, type Clock, type DurationMs, type Result, seconds } from '@hallhub/sync/base';

const AGAIN = seconds(2);

/**
 * A door that is left shut and still opened for somebody by an order of the hub. Boards take no such order while they are told to
 * stay closed, so that for one release the door is controlled, and is shut again when that is over, by order until it is.
 */
export function createShutDoor({
  clock,
  shut,
}: {
  readonly clock: Clock;
  /** Orders the device to stay closed, unless by its turn it is to stay otherwise. */
  readonly shut: () => Promise<Result<unknown>>;
}): {
  /** How the device was told to stay, and took it. */
  keep(mode: 'free' | 'closed' | 'controlled'): void;
  readonly isShut: boolean;
  /** The device was made to obey once; call it whether or not the release then came about. */
  lent(release: DurationMs): void;
  /** Shuts at once what is still lent: nobody will be there to do it later. */
  stop(): Promise<void>;
} {
  let kept: 'free' | 'closed' | 'controlled' | undefined;
  let cancelTimer: Cancel | undefined;
  let stopped = false;

  const back = async (): Promise<void> => {
    cancelTimer = undefined;
    const done = await shut();
    if (!done.ok && kept === 'closed' && !stopped) cancelTimer ??= clock.after(AGAIN, () => void back());
  };
  return {
    keep: (mode) => {
      stopped = false;
      kept = mode;
      cancelTimer?.();
      cancelTimer = undefined;
    },
    get isShut() {
      return kept === 'closed';
    },
    lent: (release) => {
      if (kept !== 'closed') return;
      cancelTimer?.();
      cancelTimer = clock.after(release, () => void back());
    },
    stop: async () => {
      const isLent = cancelTimer !== undefined;
      cancelTimer?.();
      cancelTimer = undefined;
      stopped = true;
      if (isLent) await shut();
      kept = undefined;
    },
  };
}
