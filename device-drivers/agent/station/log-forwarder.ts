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

/**
 * A log that also sends its warnings and errors up, at a bounded rate. What goes up is the message (a constant of this
 * program), the code, and the fields of {@link KNOWN}: the rest, which may hold words of a device, a card or a person, stays
 * in the agent's own log.
 */
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
      const data = { at: iso(clock.now()), level, message: scrub(message), fields: plain(fields), suppressed };
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

/** Fields that name parts of the installation, or count. */
const KNOWN: ReadonlySet<string> = new Set([
  ...[
    'code',
    'deviceId',
    'device',
    'agent',
    'address',
    'protocol',
    'line',
    'thread',
    'part',
    'port',
    'channel',
    'filter',
  ],
  ...['version', 'offsetMs', 'away'],
]);
const LONGEST = 200;
/** Names are written in Han characters; resident IDs, card numbers and telephone numbers are long rows of digits. */
const PERSONAL = /\p{Script=Han}+|\d{6,}[Xx]?/gu;

const scrub = (text: string): string => text.replace(PERSONAL, '…').slice(0, LONGEST);

function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]): [string, unknown][] => {
      if (value instanceof Error) return [[key, whereabouts(value)]];
      if (!KNOWN.has(key)) return [];
      if (typeof value === 'string') return [[key, scrub(value)]];
      return typeof value === 'number' || typeof value === 'boolean' ? [[key, value]] : [];
    }),
  );
}

/** An error's kind, its system code and the place in this program, without its message: `TypeError at driver.ts:123`. */
function whereabouts(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  const place = /\/([A-Za-z0-9_.-]+:\d+):\d+\)?$/m.exec(error.stack ?? '')?.[1];
  return scrub(`${error.name}${code}${place === undefined ? '' : ` at ${place}`}`);
}
