import type { Cancel, Clock, DurationMs } from '@hallhub/sync/base';
import { ms, seconds } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { isOwnTrouble, onRollback, transact } from '@hallhub/sync/sqlite';

/**
 * Writes what has happened anyway and needs no promise before it happens: many small notes in one commit, a moment later.
 * What must be durable *before* something happens does not belong here.
 */
export interface Behind {
  /**
   * `note` runs inside a transaction, in the order of adding: soon, or as a part of the transaction under way, so that what
   * was learnt from a message stands or falls with the message.
   */
  add(note: () => void): void;
  /** Writes what waits now, for a reader who wants to see it; nothing inside a transaction. */
  flush(): void;
  /** Writes what waits and takes nothing further. */
  close(): void;
}

const DELAY = ms(400);
const RETRY = seconds(5);
/** So many notes wait for a disk that takes nothing; then the oldest are lost, and the log says so. */
const MOST = 20_000;

export function createBehind(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly onFault: (error: unknown, lost: number) => void;
  readonly delay?: DurationMs;
}): Behind {
  const { db, clock, onFault, delay = DELAY } = deps;
  let notes: (() => void)[] = [];
  let timer: Cancel | undefined;
  let closed = false;

  const arm = (after: DurationMs): void => {
    timer ??= clock.after(after, write);
  };
  /** Each by itself, so that one that cannot be written does not keep the others from the disk. */
  const writeSingly = (list: readonly (() => void)[]): void => {
    for (const note of list) {
      try {
        transact(db, note);
      } catch (error) {
        onFault(error, 1);
      }
    }
  };
  const write = (): void => {
    timer = undefined;
    const list = notes;
    notes = [];
    if (list.length === 0) return;
    try {
      transact(db, () => {
        for (const note of list) note();
      });
    } catch (error) {
      if (!isOwnTrouble(error)) {
        writeSingly(list);
        return;
      }
      notes = [...list, ...notes].slice(-MOST);
      onFault(error, Math.max(0, list.length - notes.length));
      arm(RETRY);
    }
  };

  /** In the caller's transaction, after the notes that came before. Rolled back, those wait again; the caller knows of its own. */
  const join = (note: () => void): void => {
    const earlier = notes;
    notes = [];
    onRollback(db, () => {
      notes = [...earlier, ...notes];
      if (notes.length > 0) arm(delay);
    });
    for (const one of earlier) one();
    note();
  };

  return {
    add: (note) => {
      if (closed) return;
      if (db.inTransaction) {
        join(note);
        return;
      }
      notes.push(note);
      arm(delay);
    },
    flush: () => {
      if (db.inTransaction) return;
      timer?.();
      write();
    },
    close: () => {
      timer?.();
      write();
      closed = true;
      timer?.();
    },
  };
}
