import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';
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

export interface SupervisedThread {
  start(): void;
  /** Asks the drivers to stop, then ends the thread. */
  stop(): Promise<void>;
  post(message: ToWorker): void;
}

export interface SupervisedThreadOptions {
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
/**
 * A bus is a few drivers that wait for bytes: it does well with a small nursery, which is most of what its thread would
 * grow by, and a driver that leaks takes its own thread down and not the service.
 */
const LIMITS: WorkerOptions['resourceLimits'] = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 128 };

/** Threads do not inherit the compile cache; without it each would load the compiler that takes the types off. */
function threadEnv(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  // What the process says is a folder of this Node's version inside the cache.
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(cache) };
}

/** A thread that is held alive: started again for ever, with growing delay, when it dies or spins. */
export function superviseThread(options: SupervisedThreadOptions): SupervisedThread {
  const { clock, random, log, patience = seconds(10), restart = RESTART } = options;
  let worker: Worker | undefined;
  let wanted = false;
  let attempt = 0;
  let bornAt = 0;
  let cancelTimer: Cancel | undefined;
  let stopped: (() => void) | undefined;

  const launch = (): void => {
    cancelTimer = undefined;
    if (!wanted) return;
    const fresh = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: options.birth(),
      env: threadEnv(),
      resourceLimits: LIMITS,
      // What a driver prints by mistake is its own business, not the service's output.
      stdout: true,
      stderr: true,
    });
    fresh.stdout.resume();
    fresh.stderr.resume();
    worker = fresh;
    bornAt = clock.monotonic();
    let lastWord = bornAt;
    let hasSpoken = false;
    const watch = (): void => {
      if (worker !== fresh) return;
      if (clock.monotonic() - lastWord > (hasSpoken ? patience : Math.max(patience, LOADED_WITHIN))) {
        log.error({ thread: options.birth().lineName }, 'a driver keeps its thread busy and is ended');
        void fresh.terminate();
        gone({ code: 'E-DEV-0303', detail: 'the driver did not answer any more' });
        return;
      }
      fresh.postMessage({ type: 'ping' } satisfies ToWorker);
      cancelTimer = clock.after(ms(patience / 5), watch);
    };
    const gone = (reason: Failure): void => {
      if (worker !== fresh) return;
      worker = undefined;
      cancelTimer?.();
      stopped?.();
      options.onGone(reason);
      if (!wanted) return;
      if (clock.monotonic() - bornAt >= STABLE_AFTER) attempt = 0;
      cancelTimer = clock.after(reconnectDelay(restart, attempt, fraction(random)), launch);
      attempt += 1;
    };
    fresh.on('message', (message: FromWorker) => {
      if (worker !== fresh) return;
      lastWord = clock.monotonic();
      hasSpoken = true;
      if (message.type === 'stopped') stopped?.();
      options.onMessage(message);
    });
    fresh.on('error', (error) => {
      log.error({ thread: options.birth().lineName, error }, 'the thread of a bus died');
      gone({ code: 'E-DEV-0303', detail: error instanceof Error ? error.name : 'error' });
    });
    fresh.on('exit', () => {
      gone({ code: 'E-DEV-0303', detail: 'the thread ended' });
    });
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
      const ending = worker;
      if (!ending) return;
      await new Promise<void>((resolve) => {
        stopped = resolve;
        const cancel = clock.after(STOP_WITHIN, resolve);
        stopped = () => {
          cancel();
          resolve();
        };
        ending.postMessage({ type: 'stop' } satisfies ToWorker);
      });
      stopped = undefined;
      worker = undefined;
      await ending.terminate();
    },
    post: (message) => {
      worker?.postMessage(message);
    },
  };
}
