import {
  type Cancel,
  type Clock,
  type DurationMs,
  type Failure,
  type Result,
  err,
  failure,
  ms,
  ok,
  seconds,
} from '@hallhub/sync/base';
import type { CapabilityMap } from '../capabilities/index.ts';
import type { DeviceHealth, Driver, Traffic } from './driver.ts';
import { type ListenerError, createEmitter } from './emitter.ts';
import { createHealth } from './health.ts';
import type { DeviceLog } from './log.ts';
import type { MqttChannel, MqttMessage } from './mqtt-channel.ts';

/** What a message of a device says, in the protocol's own terms, with what every protocol has. */
export interface MqttReport {
  /** For the operator. */
  readonly meaning: string;
  /** True: only a device that lives says this. False: it is said to be gone. Absent: says nothing of it. */
  readonly alive?: boolean;
}

export interface MqttDeviceOptions<R extends MqttReport> {
  readonly deviceId: string;
  readonly channel: MqttChannel;
  readonly clock: Clock;
  readonly log: DeviceLog;
  readonly filters: readonly string[];
  /** Undefined for what the protocol does not know. Never throws, whatever the bytes. */
  readonly decode: (topic: string, payload: Uint8Array) => R | undefined;
  /** Before whoever waits for a report hears it. A retained one says what was. */
  readonly onReport: (report: R, retained: boolean) => void;
  /** Asks the device for its state; an answer is a report that is `alive`. */
  readonly probe: () => void;
  /** How often a device that is well is asked; 60 s by default. */
  readonly probeEvery?: DurationMs;
  /** How long the device may take to speak after a question, or by itself where it cannot be asked; 5 s by default. */
  readonly answersWithin?: DurationMs;
  /** What it says is about people: operators see the meanings of its messages and not their bytes. */
  readonly personal?: true;
}

/**
 * One device of somebody else's convention at the broker. It is `ready` when the device itself has spoken since the
 * connection came up: a retained "online" may stand there long after its device has died, and is only a reason to ask.
 * A device that does not answer is asked for ever, less and less often.
 */
export interface MqttDevice<R extends MqttReport> {
  readonly health: DeviceHealth;
  /** The driver, with what this device can do. */
  driver(capabilities: Partial<CapabilityMap>): Driver;
  readonly onListenerError: ListenerError;
  /** Errors: `E-DEV-0102` the broker or the device is away, `E-DEV-0103` the connection broke. */
  send(topic: string, payload: string, meaning: string, lives?: DurationMs): Promise<Result<void>>;
  /**
   * What `take` makes of the next reports that are not retained; listens from now on. Where nothing comes, the device is asked
   * whether it is still there.
   * Errors: `E-DEV-0202` nothing within that time, `E-DEV-0206` the broker went away or the driver was stopped meanwhile.
   */
  hear<T>(take: (report: R) => T | undefined, within: DurationMs): Heard<T>;
  /** One after the other: two orders under way at once could not tell whose answer has come. */
  inTurn<T>(run: () => Promise<T>): Promise<T>;
}

export interface Heard<T> {
  readonly result: Promise<Result<T>>;
  readonly cancel: Cancel;
}

interface Waiter<R> {
  readonly offer: (report: R) => void;
  readonly fail: (reason: Failure) => void;
}

const ANSWERS_WITHIN = seconds(5);
const FIRST_RETRY = seconds(2);
const LONGEST_RETRY = seconds(30);

export function createMqttDevice<R extends MqttReport>(options: MqttDeviceOptions<R>): MqttDevice<R> {
  const { deviceId, channel, clock, log } = options;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of a device failed');
  };
  const health = createHealth({ clock, onListenerError });
  const traffic = createEmitter<Traffic>(onListenerError);
  const waiters = new Set<Waiter<R>>();
  let undo: readonly Cancel[] = [];
  let running = false;
  let cancelNext: Cancel = () => undefined;
  let answered = false;
  let probing = false;
  let misses = 0;
  let turn: Promise<unknown> = Promise.resolve();

  const failAll = (reason: Failure): void => {
    for (const waiter of [...waiters]) waiter.fail(reason);
  };
  const later = (delay: DurationMs, action: () => void): void => {
    cancelNext();
    cancelNext = clock.after(delay, action);
  };
  const probe = (): void => {
    answered = false;
    probing = true;
    options.probe();
    later(options.answersWithin ?? ANSWERS_WITHIN, () => {
      probing = false;
      if (answered) {
        later(options.probeEvery ?? seconds(60), probe);
        return;
      }
      misses += 1;
      // One answer may be lost; a device that was well is asked once more before it is given up.
      if (misses > 1 || health.current.state === 'starting')
        health.set('down', { code: 'E-DEV-0202', detail: 'it does not answer' });
      later(ms(Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(misses - 1, 8))), probe);
    });
  };
  /** Something was not answered: the device is asked at once, and given up if it misses that, too. */
  const doubt = (): void => {
    if (!running || (probing && !answered) || health.current.state !== 'ready') return;
    misses = Math.max(misses, 1);
    probe();
  };
  const onState = (): void => {
    cancelNext();
    probing = false;
    misses = 0;
    if (channel.state.up) {
      probe();
      return;
    }
    answered = false;
    health.set('down', { code: 'E-DEV-0102', detail: channel.name });
    failAll({ code: 'E-DEV-0206', detail: channel.name });
  };
  const judge = (alive: boolean | undefined, retained: boolean): void => {
    if (alive === false) {
      // What the broker kept does not outweigh what the device has said since.
      if (retained && answered) return;
      answered = false;
      health.set('down', { code: 'E-DEV-0102', detail: 'it is off line' });
      return;
    }
    if (alive !== true || retained) return;
    const wasAway = health.current.state !== 'ready';
    answered = true;
    misses = 0;
    health.set('ready');
    // It may have come back with another state than the one that is known.
    if (wasAway && !probing) probe();
  };
  const onMessage = ({ topic, payload, retained }: MqttMessage): void => {
    const report = options.decode(topic, payload);
    if (traffic.listeners > 0) {
      const kept = retained ? ', kept by the broker' : '';
      traffic.emit({
        at: clock.now(),
        direction: report ? 'in' : 'discarded',
        bytes: options.personal ? new Uint8Array() : Buffer.from(payload),
        meaning: `${topic}: ${report?.meaning ?? 'not understood'}${kept}`,
      });
    }
    if (!report) return;
    judge(report.alive, retained);
    options.onReport(report, retained);
    if (retained) return;
    for (const waiter of [...waiters]) waiter.offer(report);
  };

  const start = (): void => {
    if (running) return;
    running = true;
    undo = [
      channel.onState(onState),
      // Before the question is asked, so that its answer is heard.
      ...options.filters.map((filter) => channel.subscribe(filter, onMessage)),
    ];
    onState();
  };
  const stop = async (): Promise<void> => {
    if (!running) return;
    running = false;
    for (const cancel of undo) cancel();
    cancelNext();
    failAll({ code: 'E-DEV-0206', detail: 'stopped' });
    await turn;
  };

  return {
    get health() {
      return health.current;
    },
    driver: (capabilities) => ({
      deviceId,
      capabilities,
      get health() {
        return health.current;
      },
      start,
      stop,
      onHealth: health.on,
      onTraffic: traffic.on,
    }),
    onListenerError,
    send: async (topic, payload, meaning, lives) => {
      if (!running || !channel.state.up) return failure('E-DEV-0102', channel.name);
      const bytes = Buffer.from(payload);
      traffic.emit({ at: clock.now(), direction: 'out', bytes, meaning: `${topic}: ${meaning}` });
      return channel.publish(topic, bytes, lives === undefined ? {} : { lives });
    },
    hear: <T>(take: (report: R) => T | undefined, within: DurationMs): Heard<T> => {
      let finish: (result: Result<T>) => void = () => undefined;
      const result = new Promise<Result<T>>((resolve) => {
        finish = resolve;
      });
      const settle = (outcome: Result<T>): void => {
        waiters.delete(waiter);
        cancelTimer();
        finish(outcome);
      };
      const waiter: Waiter<R> = {
        offer: (report) => {
          const taken = take(report);
          if (taken !== undefined) settle(ok(taken));
        },
        fail: (reason) => {
          settle(err(reason));
        },
      };
      const cancelTimer = clock.after(within, () => {
        settle(failure('E-DEV-0202', `nothing within ${within} ms`));
        doubt();
      });
      waiters.add(waiter);
      return {
        result,
        cancel: () => {
          settle(failure('E-DEV-0102', 'not waited for any more'));
        },
      };
    },
    inTurn: <T>(run: () => Promise<T>): Promise<T> => {
      const mine = turn.then(run);
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}
