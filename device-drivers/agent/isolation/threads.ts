import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { MessageChannel, type MessagePort, Worker, type WorkerOptions } from 'node:worker_threads';
import type { Failure } from '@hallhub/sync/base';
import type { Birth, FromWorker, ToWorker } from './messages.ts';

/** A bus's place in a thread. */
export interface Seat {
  post(message: ToWorker): void;
  /** Gives the place up; the thread ends with its last bus. */
  leave(): Promise<void>;
  /** Ends the thread, whoever else sits in it: they are told that it is gone. */
  condemn(reason: Failure): Promise<void>;
}

export interface SeatOptions {
  readonly birth: Birth;
  /** In a thread that nobody else ever shares: its last one died, and one of those who sat in it did that. */
  readonly alone: boolean;
  readonly onMessage: (message: FromWorker) => void;
  /** The thread is gone. Told once, and not to who has left. */
  readonly onGone: (reason: Failure) => void;
}

export interface Threads {
  seat(options: SeatOptions): Seat;
}

/** What a thread is told itself; everything else goes over the port of its bus. */
export interface Boarding {
  readonly birth: Birth;
  readonly port: MessagePort;
}

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

interface Thread {
  readonly worker: Worker;
  readonly seats: Set<SeatOptions>;
  end(reason: Failure): Promise<void>;
}

/**
 * The threads of one host. The first `most` buses have one each; those beyond share the threads that hold the fewest, for a
 * thread costs some 25 MB and a good part of a second to start, and 80 of them on two cores serve nobody in time. Where a
 * shared thread dies, each bus of it comes back in a thread of its own: the guilty one can then take no other down.
 */
export function createThreads({
  most,
  onError,
}: {
  readonly most: number;
  readonly onError: (error: unknown) => void;
}): Threads {
  const shared = new Set<Thread>();

  const launch = (open: boolean): Thread => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      env: threadEnv(),
      resourceLimits: LIMITS,
      // What a driver prints by mistake is its own business, not the service's output.
      stdout: true,
      stderr: true,
    });
    worker.stdout.resume();
    worker.stderr.resume();
    const seats = new Set<SeatOptions>();
    const gone = (reason: Failure): void => {
      shared.delete(thread);
      const left = [...seats];
      seats.clear();
      for (const { onGone } of left) onGone(reason);
    };
    const thread: Thread = {
      worker,
      seats,
      end: async (reason) => {
        gone(reason);
        await worker.terminate();
      },
    };
    worker.on('error', (error) => {
      onError(error);
      gone({ code: 'E-DEV-0303', detail: error instanceof Error ? error.name : 'error' });
    });
    worker.on('exit', () => {
      gone({ code: 'E-DEV-0303', detail: 'the thread ended' });
    });
    if (open) shared.add(thread);
    return thread;
  };
  const choose = (alone: boolean): Thread => {
    if (alone || shared.size < most) return launch(!alone);
    const [first, ...others] = shared;
    if (!first) return launch(true);
    return others.reduce((least, other) => (other.seats.size < least.seats.size ? other : least), first);
  };

  return {
    seat: (options) => {
      const thread = choose(options.alone);
      const { port1: ours, port2: port } = new MessageChannel();
      ours.on('message', (message: FromWorker) => {
        if (thread.seats.has(options)) options.onMessage(message);
      });
      thread.seats.add(options);
      thread.worker.postMessage({ birth: options.birth, port } satisfies Boarding, [port]);
      return {
        post: (message) => {
          ours.postMessage(message);
        },
        leave: async () => {
          thread.seats.delete(options);
          ours.close();
          if (thread.seats.size > 0) return;
          await thread.end({ code: 'E-DEV-0102', detail: 'stopped' });
        },
        condemn: (reason) => thread.end(reason),
      };
    },
  };
}
