import { type Cancel, type Clock, iso, minutes } from '@hallhub/sync/base';
import type { DeviceLog } from '../../kit/index.ts';
import { logged } from './contract.ts';
import type { SheddingOutbox } from './shedding.ts';

export interface ForwardingLog {
  readonly log: DeviceLog;
  /** From now on warnings and errors go up as well. */
  to(outbox: SheddingOutbox): void;
  stop(): void;
}

/** Lines a minute that go up; what is beyond is counted. */
const MOST_A_MINUTE = 20;

/** A log that also sends its warnings and errors up, at a bounded rate. */
export function createForwardingLog(deps: {
  readonly log: DeviceLog;
  readonly clock: Clock;
  readonly agent: string;
}): ForwardingLog {
  const { log, clock, agent } = deps;
  let outbox: SheddingOutbox | undefined;
  let left = MOST_A_MINUTE;
  let suppressed = 0;
  let cancel: Cancel | undefined;
  let appending = false;

  const refill = (): void => {
    left = MOST_A_MINUTE;
    cancel = undefined;
  };
  const forward = (level: 'warn' | 'error', fields: Readonly<Record<string, unknown>>, message: string): void => {
    // What goes wrong while a line goes up must not become another line.
    if (!outbox || appending) return;
    if (left === 0) {
      suppressed += 1;
      return;
    }
    left -= 1;
    cancel ??= clock.after(minutes(1), refill);
    appending = true;
    try {
      const data = { at: iso(clock.now()), level, message: message.slice(0, 500), fields: plain(fields), suppressed };
      outbox.append('logs', { type: logged, subject: agent, data });
      suppressed = 0;
    } finally {
      appending = false;
    }
  };
  return {
    log: {
      debug: (fields, message) => {
        log.debug(fields, message);
      },
      info: (fields, message) => {
        log.info(fields, message);
      },
      warn: (fields, message) => {
        log.warn(fields, message);
        forward('warn', fields, message);
      },
      error: (fields, message) => {
        log.error(fields, message);
        forward('error', fields, message);
      },
    },
    to: (next) => {
      outbox = next;
    },
    stop: () => {
      outbox = undefined;
      cancel?.();
    },
  };
}

/** What JSON carries of a line's fields; an error becomes its name and message. */
function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]): [string, unknown] => {
      if (value instanceof Error) return [key, `${value.name}: ${value.message}`.slice(0, 300)];
      if (typeof value === 'string') return [key, value.slice(0, 300)];
      return [key, typeof value === 'number' || typeof value === 'boolean' ? value : typeof value];
    }),
  );
}
