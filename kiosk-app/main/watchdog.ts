import type { Cancel, Clock, DurationMs, MonoMs } from '@hallhub/sync/base';
import { ms, seconds } from '@hallhub/sync/base';

/** A page that has said nothing for so long hangs. It says that it is alive every five seconds. */
const SILENCE: DurationMs = seconds(30);

/** How often systemd wants to hear, from `WATCHDOG_USEC` (sd_watchdog_enabled(3)): half of what it allows. Undefined: it does not. */
export function watchdogInterval(environment: Readonly<Record<string, string | undefined>>): DurationMs | undefined {
  const allowed = Number(environment['WATCHDOG_USEC']);
  return environment['NOTIFY_SOCKET'] !== undefined && Number.isFinite(allowed) && allowed > 0
    ? ms(Math.floor(allowed / 2_000))
    : undefined;
}

export interface Watchdog {
  alive(): void;
  stop(): void;
}

/** Hands the page's sign of life on to the service manager, and stops doing so when the page does. */
export function watchdog(options: {
  readonly clock: Clock;
  readonly interval: DurationMs;
  /** sd_notify(3). */
  readonly notify: (state: 'WATCHDOG=1') => void;
}): Watchdog {
  const { clock, interval, notify } = options;
  let heard: MonoMs = clock.monotonic();
  let cancel: Cancel | undefined;
  const next = (): void => {
    cancel = clock.after(interval, () => {
      if (clock.monotonic() - heard < SILENCE) notify('WATCHDOG=1');
      next();
    });
  };
  next();
  return {
    alive: () => {
      heard = clock.monotonic();
    },
    stop: () => cancel?.(),
  };
}
