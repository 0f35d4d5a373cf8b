import { type Cancel, type DurationMs, type EpochMs, type Failure, type MonoMs, type Result } from '@hallhub/sync/base';
import type { Traffic } from './driver.ts';
import { type ListenerError, createEmitter } from './emitter.ts';
import type { Framer } from './framer.ts';
import { type HealthKeeper, createHealth } from './health.ts';
import { type Line, createLine } from './line.ts';
import type { DriverEnvironment } from './protocol.ts';
import type { Transport } from './transport.ts';

export interface ListenerOptions<F> extends Pick<DriverEnvironment, 'clock' | 'random' | 'log' | 'reconnect'> {
  readonly deviceId: string;
  readonly transport: Transport;
  readonly framer: Framer<F>;
  /** A pause this long ends what is half here. */
  readonly idleGap: DurationMs;
  readonly onFrame: (frame: F, when: { readonly at: EpochMs; readonly lastByteAt: MonoMs }) => void;
  /** Bytes that are no frame; what they were is not told, for they may be somebody's card or code. */
  readonly onDiscarded?: (why: string, count: number) => void;
  /** The line is up; by default that makes the device ready, because it can say no more. */
  readonly onUp?: () => void;
  readonly onDown?: (reason: Failure) => void;
  /** Sees bytes before they are framed; what it returns is framed. For a dialogue beside the lines. */
  readonly intercept?: (bytes: Uint8Array) => Uint8Array;
}

/** The common part of drivers whose device talks by itself and is rarely asked anything. */
export interface Listener {
  readonly health: HealthKeeper;
  readonly onTraffic: (listener: (traffic: Traffic) => void) => Cancel;
  readonly onListenerError: ListenerError;
  tell(traffic: Omit<Traffic, 'at'>): void;
  write(bytes: Uint8Array, meaning: string): Promise<Result<void>>;
  /** Hands bytes to the framer that {@link ListenerOptions.intercept} had kept back. */
  replay(bytes: Uint8Array): void;
  readonly line: Pick<Line, 'isUp' | 'cycle'>;
  start(): void;
  stop(): Promise<void>;
}

export function createListener<F>(options: ListenerOptions<F>): Listener {
  const { deviceId, clock, log, framer, idleGap, intercept } = options;
  const onListenerError: ListenerError = (error) => {
    log.error({ deviceId, error }, 'a listener of the device failed');
  };
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  let cancelIdle: Cancel | undefined;
  let lastByteAt = clock.monotonic();

  const tell = (event: Omit<Traffic, 'at'>): void => {
    traffic.emit({ ...event, at: clock.now() });
  };
  const handle = (framed: ReturnType<Framer<F>['push']>): void => {
    for (const item of framed) {
      if (item.kind === 'frame') {
        options.onFrame(item.frame, { at: clock.now(), lastByteAt });
        continue;
      }
      tell({
        direction: 'discarded',
        bytes: new Uint8Array(),
        meaning: `${item.why}, ${item.bytes.length} bytes withheld`,
      });
      options.onDiscarded?.(item.why, item.bytes.length);
    }
  };
  const take = (bytes: Uint8Array): void => {
    if (bytes.length === 0) return;
    lastByteAt = clock.monotonic();
    handle(framer.push(bytes));
    cancelIdle?.();
    cancelIdle = clock.after(idleGap, () => {
      cancelIdle = undefined;
      handle(framer.flush());
    });
  };
  const forget = (): void => {
    cancelIdle?.();
    cancelIdle = undefined;
    // Half a line of an earlier life is no line.
    framer.flush();
  };
  const line = createLine({
    transport: options.transport,
    clock,
    random: options.random,
    ...(options.reconnect ? { reconnect: options.reconnect } : {}),
    onUp: () => {
      if (options.onUp) options.onUp();
      else health.set('ready');
    },
    onDown: (reason) => {
      forget();
      options.onDown?.(reason);
      health.set('down', reason);
    },
    onData: (bytes) => {
      take(intercept ? intercept(bytes) : bytes);
    },
  });

  return {
    health,
    onTraffic: traffic.on,
    onListenerError,
    tell,
    write: (bytes, meaning) => {
      tell({ direction: 'out', bytes: bytes.slice(), meaning });
      return line.write(bytes);
    },
    replay: take,
    line,
    start: () => {
      line.start();
    },
    stop: async () => {
      forget();
      options.onDown?.({ code: 'E-DEV-0102', detail: 'stopped' });
      await line.stop();
      health.set('starting');
    },
  };
}
