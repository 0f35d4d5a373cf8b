import {
  type Cancel,
  type Clock,
  type DurationMs,
  type Failure,
  type RandomBytes,
  fraction,
  ms,
  seconds,
} from '@hallhub/sync/base';
import type { DeviceLog, ReconnectPolicy } from '../../kit/index.ts';
import { reconnectDelay } from '../../kit/index.ts';
import type { Birth, FromWorker, ToWorker } from './messages.ts';
import type { Seat, Threads } from './threads.ts';

export interface SupervisedThread {
  start(): void;
  /** Asks the drivers to stop, then gives up their place in the thread. */
  stop(): Promise<void>;
  post(message: ToWorker): void;
}

export interface SupervisedThreadOptions {
  readonly threads: Threads;
  readonly birth: () => Birth;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: DeviceLog;
  readonly onMessage: (message: FromWorker) => void;
  /** The thread is gone: what it was asked will not be answered. It is tried again. */
  readonly onGone: (reason: Failure) => void;
  /** A thread that does not answer for this long spins, and is ended; 10 s by default. */
  readonly patience?: DurationMs;
  readonly restart?: ReconnectPolicy;
}

const RESTART: ReconnectPolicy = { first: ms(250), longest: seconds(60) };
const STOP_WITHIN = seconds(3);
/** Loading its modules may take a thread this long on a slow machine on which others load theirs. */
const LOADED_WITHIN = seconds(60);
/** A thread that lived this long starts again with the first delay. */
const STABLE_AFTER = seconds(60);
/** A bus in a thread that is held alive: started again for ever, with growing delay, when the thread dies or spins. */
export function superviseThread(options: SupervisedThreadOptions): SupervisedThread {
  const { threads, clock, random, log, patience = seconds(10), restart = RESTART } = options;
  let seat: Seat | undefined;
  let wanted = false;
  let attempt = 0;
  let bornAt = 0;
  let cancelTimer: Cancel | undefined;
  let stopped: (() => void) | undefined;

  const launch = (): void => {
    cancelTimer = undefined;
    if (!wanted) return;
    bornAt = clock.monotonic();
    let lastWord = bornAt;
    let hasSpoken = false;
    const gone = (reason: Failure): void => {
      if (seat !== fresh) return;
      seat = undefined;
      cancelTimer?.();
      stopped?.();
      options.onGone(reason);
      if (!wanted) return;
      if (clock.monotonic() - bornAt >= STABLE_AFTER) attempt = 0;
      cancelTimer = clock.after(reconnectDelay(restart, attempt, fraction(random)), launch);
      attempt += 1;
    };
    const birth = options.birth();
    const fresh = threads.seat({
      birth,
      alone: attempt > 0,
      onMessage: (message) => {
        if (seat !== fresh) return;
        lastWord = clock.monotonic();
        hasSpoken = true;
        if (message.type === 'stopped') stopped?.();
        options.onMessage(message);
      },
      onGone: gone,
    });
    seat = fresh;
    const watch = (): void => {
      if (seat !== fresh) return;
      if (clock.monotonic() - lastWord > (hasSpoken ? patience : Math.max(patience, LOADED_WITHIN))) {
        log.error({ thread: birth.lineName }, 'a driver keeps its thread busy and is ended');
        void fresh.condemn({ code: 'E-DEV-0303', detail: 'the driver did not answer any more' });
        return;
      }
      fresh.post({ type: 'ping' });
      cancelTimer = clock.after(ms(patience / 5), watch);
    };
    watch();
  };

  return {
    start: () => {
      if (wanted) return;
      wanted = true;
      attempt = 0;
      launch();
    },
    stop: async () => {
      wanted = false;
      cancelTimer?.();
      cancelTimer = undefined;
      const ending = seat;
      if (!ending) return;
      const hasStopped = await new Promise<boolean>((resolve) => {
        const cancel = clock.after(STOP_WITHIN, () => {
          resolve(false);
        });
        stopped = () => {
          cancel();
          resolve(true);
        };
        ending.post({ type: 'stop' });
      });
      stopped = undefined;
      seat = undefined;
      if (hasStopped) await ending.leave();
      else await ending.condemn({ code: 'E-DEV-0303', detail: 'a driver of the same thread did not stop' });
    },
    post: (message) => {
      seat?.post(message);
    },
  };
}
