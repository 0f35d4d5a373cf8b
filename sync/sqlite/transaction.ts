import type { Db } from './open.ts';

/** What is to follow when a transaction ends, one way or the other. */
interface Ending {
  readonly committed: (() => void)[];
  readonly rolledBack: (() => void)[];
}

const endings = new WeakMap<Db, Ending>();

/**
 * Runs `work` in one `BEGIN IMMEDIATE` transaction (or joins the one under way); a throw rolls everything back. What was
 * given to {@link afterCommit} meanwhile follows when the commit is on the disk.
 */
export function transact<T>(db: Db, work: () => T): T {
  if (db.inTransaction) return work();
  const ending: Ending = { committed: [], rolledBack: [] };
  const before = endings.get(db);
  endings.set(db, ending);
  let result: T;
  try {
    result = db.transaction(work).immediate();
  } catch (error) {
    restore(db, before);
    takeBack(ending, 0);
    throw error;
  }
  restore(db, before);
  for (const effect of ending.committed) effect();
  return result;
}

/**
 * Runs `work` as a part of the transaction under way: a throw undoes only what this part wrote, and drops only the effects
 * that it had ordered.
 */
export function transactPart<T>(db: Db, work: () => T): T {
  const ending = endingOf(db);
  const committed = ending.committed.length;
  const rolledBack = ending.rolledBack.length;
  try {
    // Nested, better-sqlite3 makes it a savepoint.
    return db.transaction(work)();
  } catch (error) {
    ending.committed.length = committed;
    takeBack(ending, rolledBack);
    throw error;
  }
}

/**
 * Runs `effect` when the transaction under way has been committed, and never when it is rolled back; at once where there is
 * none. For whatever cannot be taken back: an order to a device, a promise that is kept. An effect must not throw.
 */
export function afterCommit(db: Db, effect: () => void): void {
  if (db.inTransaction) endingOf(db).committed.push(effect);
  else effect();
}

/** Runs `undo` when the transaction under way is rolled back, newest first: for what is remembered outside the database. */
export function onRollback(db: Db, undo: () => void): void {
  if (db.inTransaction) endingOf(db).rolledBack.push(undo);
}

function endingOf(db: Db): Ending {
  const ending = endings.get(db);
  if (!ending || !db.inTransaction) throw new Error('no transaction of transact() is under way');
  return ending;
}

function restore(db: Db, before: Ending | undefined): void {
  if (before) endings.set(db, before);
  else endings.delete(db);
}

function takeBack(ending: Ending, from: number): void {
  for (const undo of ending.rolledBack.splice(from).reverse()) undo();
}
