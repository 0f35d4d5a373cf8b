import type { Asker } from '@hallhub/sync/adapters/pipe';
import { type Cancel, type Clock, type DurationMs, epochMs, minutes, ms, seconds } from '@hallhub/sync/base';
import type { DeviceLog } from '../../kit/index.ts';
import type { Connection } from './connection.ts';
import { type Hello, helloAnswerSchema } from './contract.ts';
import type { HubTime } from './hub-time.ts';
import { CLOCK_TOLERANCE } from './known-times.ts';

/** Tells the hub who is here, after each connection and every minute, and learns its time from the answers. */
export interface Greeting {
  start(): void;
  /** The connection came up or went. */
  connection(): void;
  /** Something worth telling has changed. */
  say(): void;
  stop(): void;
}

const HELLO_EVERY = minutes(1);
/** A round trip so long tells the hub's time too loosely; it is asked again soon. */
const SLOW_HELLO = seconds(1);
const AFTER_SLOW_HELLO = seconds(2);

export function createGreeting(deps: {
  readonly connection: Pick<Connection, 'up'>;
  readonly asker: Asker;
  readonly hubTime: HubTime;
  readonly clock: Clock;
  readonly log: DeviceLog;
  readonly hello: () => Promise<Hello>;
  /** The hub hears since now: what was asked before may have found nobody at the broker, and would be waited for in vain. */
  readonly onFirstAnswer: () => void;
  /** The hub has answered; `picture` is the age of its picture of the hall. */
  readonly onAnswer: (picture: number | undefined) => void;
  readonly fault: (error: unknown) => void;
}): Greeting {
  const { connection, asker, hubTime, clock, log } = deps;
  let cancelNext: Cancel | undefined;
  /** Whether the hub has answered since the connection came up. */
  let greeted = false;
  let stopping = new AbortController();

  const endNext = (): void => {
    cancelNext?.();
    cancelNext = undefined;
  };
  const greet = async (): Promise<void> => {
    endNext();
    if (!connection.up) return;
    const hello = await deps.hello();
    if (stopping.signal.aborted) return;
    let next: DurationMs = greeted ? seconds(5) : ms(500);
    const asked = clock.monotonic();
    const before = hubTime.offset();
    const { signal } = stopping;
    const answer = await asker.ask('hello', hello, { signal, ...(!greeted && { within: ms(500) }) });
    const parsed = answer.ok ? helloAnswerSchema.safeParse(answer.value) : undefined;
    if (parsed?.success) {
      const roundTrip = clock.monotonic() - asked;
      hubTime.heard(epochMs(parsed.data.at), asked);
      if (!greeted) {
        greeted = true;
        deps.onFirstAnswer();
      }
      // A machine that hung meanwhile has measured its own sleep.
      next = roundTrip > SLOW_HELLO ? AFTER_SLOW_HELLO : HELLO_EVERY;
      const offset = hubTime.offset() ?? 0;
      if (before === undefined && Math.abs(offset) > CLOCK_TOLERANCE) {
        log.warn({ offsetMs: Math.round(offset) }, 'this machine’s clock is far from the hub’s');
      }
      try {
        deps.onAnswer(parsed.data.picture);
      } catch (error) {
        // A disk that takes nothing: the next greeting comes all the same.
        deps.fault(error);
      }
    }
    if (!signal.aborted) {
      endNext();
      cancelNext = clock.after(next, say);
    }
  };
  const say = (): void => {
    greet().catch(deps.fault);
  };

  return {
    start: () => {
      stopping = new AbortController();
    },
    connection: () => {
      greeted = false;
      if (connection.up) say();
    },
    say,
    stop: () => {
      stopping.abort();
      endNext();
    },
  };
}
