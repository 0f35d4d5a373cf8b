import {
  type Cancel,
  type Clock,
  type DurationMs,
  type Failure,
  type MonoMs,
  type Result,
  err,
  ms,
  ok,
} from '@hallhub/sync/base';
import type { OrderLife, Veto } from './command.ts';
import type { Traffic } from './driver.ts';
import type { Framed, Framer } from './framer.ts';
import { interrupted, neverSent } from './interrupted.ts';

/** What goes out and what may come back. */
export interface Request<F> {
  readonly bytes: Uint8Array;
  /** The bytes for the operator's eyes, where a secret among them is not; `bytes` by default. */
  readonly shown?: Uint8Array;
  /** What it asks, for people: "find card". */
  readonly meaning: string;
  readonly framer: Framer<F>;
  /** From the last byte out to the last byte of the reply. */
  readonly timeout: DurationMs;
  /** Whether the frame answers this request; what does not is discarded, and the wait goes on. */
  accept(frame: F): boolean;
  /** The frame for the operator's eyes, without personal data. */
  describe(frame: F): { readonly bytes: Uint8Array; readonly meaning: string };
  /** Asked in the very moment before the bytes leave: the last chance to refuse what came too late. */
  readonly veto?: Veto;
  /** Goes before everything that waits and is not urgent. */
  readonly urgent?: boolean;
  /**
   * The framer of a second try. Only for what changes nothing however often it is asked: it is asked once more, after the quiet
   * time, when something came and none of it was the answer. Silence is not asked again; a dead device would cost its bus twice.
   */
  readonly again?: () => Framer<F>;
}

/** What goes out and is answered by nothing. */
export interface Statement extends Pick<Request<never>, 'bytes' | 'shown' | 'meaning' | 'veto' | 'urgent'> {
  /** How long the device is left alone behind the last byte out. */
  readonly rest: DurationMs;
}

export interface Reply<F> {
  readonly frame: F;
  /** When its last byte arrived. */
  readonly at: MonoMs;
}

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly write: (bytes: Uint8Array, order?: OrderLife) => Promise<Result<void>>;
  /**
   * The longest that a device on this line may still answer after its request timed out. The line is left alone for so
   * long after every reply that is missing, torn or unasked, else a late reply becomes the answer to the next request.
   */
  readonly quiet: DurationMs;
  /** The least pause between the last byte on the line and the next request. */
  readonly gap?: DurationMs;
  /** A pause inside a reply that means that the rest will not come. */
  readonly interByte?: DurationMs;
  readonly onTraffic: (traffic: Omit<Traffic, 'at'>) => void;
  /** Discarded bytes may hold personal data (a torn card): their number is told, they themselves are not. */
  readonly withholdDiscarded?: boolean;
  /** How many requests may wait; 64 by default. */
  readonly queueLimit?: number;
}

/**
 * Request and response over a half-duplex line: one at a time, in one queue. Errors of {@link request}: `E-DEV-0102` line
 * not open, or gone before the bytes left, `E-DEV-0206` gone after that, `E-DEV-0202` no answer, `E-DEV-0204` only nonsense,
 * `E-DEV-0205` queue full, what the line says when it takes no bytes, or what the veto says.
 */
export interface Exchange {
  request<F>(request: Request<F>): Promise<Result<Reply<F>>>;
  /** The same queue for what nothing answers; errors as those of {@link request}, and no answer is none. */
  tell(statement: Statement): Promise<Result<void>>;
  /** The line is up. The line is left quiet first: a reply to a request of an earlier life may still come. */
  up(): void;
  /** The line is gone, or is given up: what has left fails with `E-DEV-0206`, what still waits with `E-DEV-0102`. */
  down(reason: Failure): void;
  readonly receive: (bytes: Uint8Array) => void;
}

/** A line that babbles for longer than this many quiet times is used all the same; no late reply is that late. */
const LONGEST_SETTLING = 5;

type Phase = 'down' | 'settling' | 'idle' | 'waiting';

interface Job {
  readonly bytes: Uint8Array;
  readonly shown: Uint8Array;
  readonly meaning: string;
  readonly timeout: DurationMs;
  readonly urgent: boolean;
  readonly order: OrderLife | undefined;
  veto(): Failure | undefined;
  /** Feeds bytes (undefined: gives up what is half here); true once the reply was among them. */
  feed(bytes: Uint8Array | undefined, at: MonoMs): boolean;
  fail(reason: Failure): void;
  /** Makes ready for a second try; false where there is none. */
  again(): boolean;
  /** For what nothing answers: its time is over, and it was not in vain. */
  readonly rested?: () => void;
}

export function createExchange(options: ExchangeOptions): Exchange {
  const { clock, quiet, gap = ms(0), interByte, onTraffic, queueLimit = 64 } = options;
  let phase: Phase = 'down';
  let queue: Job[] = [];
  let current: Job | undefined;
  let heardAnything = false;
  let lastActivity = Number.NEGATIVE_INFINITY;
  let settlingSince = 0;
  let cancelTimeout: Cancel | undefined;
  let cancelTick: Cancel | undefined;

  const quietly = (): void => {
    cancelTimeout?.();
    cancelTick?.();
    cancelTimeout = cancelTick = undefined;
  };
  const discarded = (bytes: Uint8Array, why: string): void => {
    const withheld = options.withholdDiscarded === true;
    onTraffic({
      direction: 'discarded',
      bytes: withheld ? new Uint8Array() : bytes.slice(),
      meaning: withheld ? `${why}, ${bytes.length} bytes withheld` : why,
    });
  };

  const settle = (): void => {
    quietly();
    phase = 'settling';
    settlingSince = clock.monotonic();
    lastActivity = Math.max(lastActivity, settlingSince);
    watchSettling();
  };
  const watchSettling = (): void => {
    const now = clock.monotonic();
    const until = Math.min(lastActivity + quiet, settlingSince + quiet * LONGEST_SETTLING);
    if (now < until) {
      cancelTick = clock.after(ms(until - now), watchSettling);
      return;
    }
    cancelTick = undefined;
    phase = 'idle';
    pump();
  };

  const pump = (): void => {
    while (phase === 'idle' && queue.length > 0) {
      const wait = lastActivity + gap - clock.monotonic();
      if (wait > 0) {
        cancelTick ??= clock.after(ms(wait), () => {
          cancelTick = undefined;
          pump();
        });
        return;
      }
      const job = queue.shift();
      if (!job) return;
      const refusal = job.veto();
      if (refusal) job.fail(refusal);
      else send(job);
    }
  };
  const send = (job: Job): void => {
    current = job;
    phase = 'waiting';
    heardAnything = false;
    cancelTick?.();
    cancelTick = undefined;
    const written = options.write(job.bytes, job.order);
    lastActivity = clock.monotonic();
    cancelTimeout = clock.after(job.timeout, () => {
      cancelTimeout = undefined;
      if (job.rested) {
        job.rested();
        finish();
      } else giveUp(job, heardAnything ? 'E-DEV-0204' : 'E-DEV-0202');
    });
    onTraffic({ direction: 'out', bytes: job.shown.slice(), meaning: job.meaning });
    void written.then((result) => {
      if (!result.ok && current === job) giveUp(job, result.error.code, result.error.detail);
    });
  };
  /** What is half here may hide the reply behind a false start: a last look before the job fails. */
  const giveUp = (job: Job, code: Failure['code'], detail?: string): void => {
    if (current !== job) return;
    if (job.feed(undefined, lastActivity as MonoMs)) {
      finish();
      return;
    }
    current = undefined;
    if (code === 'E-DEV-0204' && job.again()) {
      queue.unshift(job);
      settle();
      return;
    }
    settle();
    job.fail(detail === undefined ? { code, detail: job.meaning } : { code, detail });
  };
  const finish = (): void => {
    quietly();
    current = undefined;
    phase = 'idle';
    pump();
  };
  const watchReply = (job: Job): void => {
    if (interByte === undefined || cancelTick) return;
    const check = (): void => {
      cancelTick = undefined;
      if (current !== job) return;
      const wait = lastActivity + interByte - clock.monotonic();
      if (wait > 0) cancelTick = clock.after(ms(wait), check);
      else giveUp(job, 'E-DEV-0204');
    };
    cancelTick = clock.after(interByte, check);
  };

  const createJob = <F>(request: Request<F>, resolve: (result: Result<Reply<F>>) => void): Job => {
    let { framer, again } = request;
    return {
      bytes: request.bytes,
      shown: request.shown ?? request.bytes,
      meaning: request.meaning,
      timeout: request.timeout,
      urgent: request.urgent === true,
      order: request.veto?.order,
      veto: () => request.veto?.(),
      fail: (reason) => {
        resolve(err(reason));
      },
      feed: (bytes, at) => {
        const framed: Framed<F>[] = bytes ? framer.push(bytes) : framer.flush();
        let reply: F | undefined;
        for (const item of framed) {
          if (item.kind === 'discarded') discarded(item.bytes, item.why);
          else if (reply !== undefined) discarded(request.describe(item.frame).bytes, 'nobody asked for this');
          else if (request.accept(item.frame)) reply = item.frame;
          else {
            const seen = request.describe(item.frame);
            onTraffic({ direction: 'discarded', bytes: seen.bytes, meaning: `not the answer: ${seen.meaning}` });
          }
        }
        if (reply === undefined) return false;
        resolve(ok({ frame: reply, at }));
        const seen = request.describe(reply);
        onTraffic({ direction: 'in', bytes: seen.bytes, meaning: seen.meaning });
        // What is left over behind the reply belongs to nobody, and must not begin the next one.
        for (const item of framer.flush()) {
          if (item.kind === 'discarded') discarded(item.bytes, item.why);
        }
        return true;
      },
      again: () => {
        if (!again) return false;
        framer = again();
        again = undefined;
        return true;
      },
    };
  };

  const queueUp = (job: Job): void => {
    if (phase === 'down' || queue.length >= queueLimit) {
      job.fail({ code: phase === 'down' ? 'E-DEV-0102' : 'E-DEV-0205', detail: job.meaning });
      return;
    }
    const firstPatient = job.urgent ? queue.findIndex((other) => !other.urgent) : -1;
    if (firstPatient === -1) queue.push(job);
    else queue.splice(firstPatient, 0, job);
    pump();
  };

  return {
    request: (request) =>
      new Promise((resolve) => {
        queueUp(createJob(request, resolve));
      }),
    tell: (statement) =>
      new Promise((resolve) => {
        queueUp({
          bytes: statement.bytes,
          shown: statement.shown ?? statement.bytes,
          meaning: statement.meaning,
          timeout: statement.rest,
          urgent: statement.urgent === true,
          order: statement.veto?.order,
          veto: () => statement.veto?.(),
          fail: (reason) => {
            resolve(err(reason));
          },
          feed: (bytes) => {
            if (bytes) discarded(bytes, 'nobody asked for this');
            return false;
          },
          rested: () => {
            resolve(ok());
          },
          again: () => false,
        });
      }),
    up: () => {
      settle();
    },
    down: (reason) => {
      quietly();
      phase = 'down';
      const [sent, waiting] = [current, queue];
      current = undefined;
      queue = [];
      sent?.feed(undefined, lastActivity as MonoMs);
      sent?.fail(interrupted(reason));
      for (const job of waiting) job.fail(neverSent(reason));
    },
    receive: (bytes) => {
      const at = clock.monotonic();
      lastActivity = at;
      switch (phase) {
        case 'down':
          return;
        case 'idle':
          discarded(bytes, 'nobody asked for this');
          settle();
          return;
        case 'settling':
          discarded(bytes, 'too late, or nobody asked for this');
          return;
        case 'waiting': {
          heardAnything = true;
          const job = current;
          if (!job) return;
          if (job.feed(bytes, at)) finish();
          else if (!job.rested) watchReply(job);
        }
      }
    },
  };
}
