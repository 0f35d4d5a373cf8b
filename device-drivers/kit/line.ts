import {
  type Cancel,
  type Clock,
  type DurationMs,
  type Failure,
  type RandomBytes,
  type Result,
  failure,
  fraction,
  ms,
  seconds,
} from '@hallhub/sync/base';
import type { OrderLife } from './command.ts';
import type { ReconnectPolicy } from './protocol.ts';
import type { Transport } from './transport.ts';

export interface LineOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly reconnect?: ReconnectPolicy;
  /** A line that stayed up this long starts again with the first delay when it breaks; 10 s by default. */
  readonly stableAfter?: DurationMs;
  readonly onUp: () => void;
  /** The line broke or could not be opened; it is tried again. */
  readonly onDown: (reason: Failure) => void;
  readonly onData: (bytes: Uint8Array) => void;
}

/** A line that is held open: reopened for ever, with growing delay and jitter. */
export interface Line {
  readonly isUp: boolean;
  start(): void;
  stop(): Promise<void>;
  write(bytes: Uint8Array, order?: OrderLife): Promise<Result<void>>;
  /** Closes and opens again, as if the line had broken: for a peer that stays silent on a line that looks fine. */
  cycle(reason: Failure): void;
}

const DEFAULT_RECONNECT: ReconnectPolicy = { first: ms(250), longest: seconds(30) };

/** Attempt 0 waits about `first`, each further one twice as long, up to `longest`; half of it is jitter. */
export function reconnectDelay(policy: ReconnectPolicy, attempt: number, jitter: number): DurationMs {
  const full = Math.min(policy.longest, policy.first * 2 ** Math.min(attempt, 30));
  return ms(full / 2 + (full / 2) * jitter);
}

export function createLine(options: LineOptions): Line {
  const { transport, clock, random, reconnect = DEFAULT_RECONNECT, stableAfter = seconds(10) } = options;
  let wanted = false;
  let isUp = false;
  let attempt = 0;
  let upSince = 0;
  let timer: Cancel | undefined;
  /** Opening and closing never overlap: each waits for the one before it. */
  let busy: Promise<void> = Promise.resolve();

  const inTurn = (action: () => Promise<void>): Promise<void> => {
    busy = busy.then(action);
    return busy;
  };

  const open = (): void => {
    timer = undefined;
    void inTurn(async () => {
      if (!wanted || isUp) return;
      const opened = await transport.open();
      // `wanted` may have changed while the line was opening.
      if (!(wanted as boolean)) {
        await transport.close();
        return;
      }
      if (!opened.ok) {
        lost(opened.error);
        return;
      }
      isUp = true;
      upSince = clock.monotonic();
      options.onUp();
    });
  };
  const lost = (reason: Failure): void => {
    if (isUp && clock.monotonic() - upSince >= stableAfter) attempt = 0;
    isUp = false;
    if (!wanted) return;
    timer?.();
    timer = clock.after(reconnectDelay(reconnect, attempt, fraction(random)), open);
    attempt += 1;
    options.onDown(reason);
  };

  let undo: readonly Cancel[] = [];
  return {
    get isUp() {
      return isUp;
    },
    start: () => {
      if (wanted) return;
      wanted = true;
      attempt = 0;
      undo = [
        transport.onData((bytes) => {
          if (isUp) options.onData(bytes);
        }),
        transport.onDown((reason) => {
          if (isUp) lost(reason);
        }),
      ];
      open();
    },
    stop: async () => {
      wanted = false;
      isUp = false;
      timer?.();
      timer = undefined;
      for (const cancel of undo) cancel();
      undo = [];
      await inTurn(() => transport.close());
    },
    write: (bytes, order) =>
      isUp ? transport.write(bytes, order) : Promise.resolve(failure('E-DEV-0102', `${transport.name} is not open`)),
    cycle: (reason) => {
      if (!isUp) return;
      lost(reason);
      void inTurn(() => transport.close('drop'));
    },
  };
}
