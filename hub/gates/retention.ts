import type { Cancel, Clock, DurationMs } from '@hallhub/sync/base';
import { epochMs, hours, minutes, ms } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { GateStore } from './store/index.ts';

/** So many entries are looked at in one go; gates wait for no more than that. */
const BATCH = 500;
const PAUSE = ms(250);
const FIRST = minutes(10);
const EVERY = hours(24);

/**
 * Forgets entries that are older than `keep`, once a day and a little at a time. What is still counted stays as long as what it
 * counts for: the uses of a pass, the places in a slot, until the pass itself is forgotten. An alarm stays until somebody has
 * seen to it, however old; that there are such is logged every day.
 */
export function createRetention(deps: {
  readonly db: Db;
  readonly store: Pick<GateStore, 'entries' | 'alarms'>;
  readonly clock: Clock;
  readonly keep: DurationMs;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): { start(): void; stop(): void } {
  const { db, store, clock, log } = deps;
  let cancel: Cancel = () => undefined;
  let forgotten = 0;

  const begin = (): void => {
    forgotten = 0;
    go({ at: epochMs(0), seq: 0 });
  };
  const go = (from: Parameters<GateStore['entries']['forget']>[1]): void => {
    let next: typeof from | undefined;
    try {
      const before = epochMs(clock.now() - deps.keep);
      const done = transact(db, () => store.entries.forget(before, from, BATCH));
      forgotten += done.forgotten;
      next = done.next;
      if (!next) {
        forgotten += store.alarms.purge(before);
        const unseen = store.alarms.unseenBefore(before);
        if (unseen > 0) log('warn', 'alarms at gates are past their time, and nobody has seen to them', { unseen });
      }
    } catch (error) {
      log('error', 'old entries of gates could not be forgotten', { err: error });
    }
    if (next) {
      const after = next;
      cancel = clock.after(PAUSE, () => {
        go(after);
      });
      return;
    }
    if (forgotten > 0) log('info', 'forgot what is past its time', { chore: 'entries at gates', forgotten });
    cancel = clock.after(EVERY, begin);
  };
  return {
    start: () => {
      cancel();
      cancel = clock.after(FIRST, begin);
    },
    stop: () => {
      cancel();
    },
  };
}
