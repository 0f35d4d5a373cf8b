import type { Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok, uuidv7 } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/index.ts';
import type { Cabinets } from './cabinets.ts';
import type { Custody } from './custody.ts';
import type { CabinetStore } from './store/cabinets.ts';

export type Found = 'empty' | 'expected' | 'other' | 'stuck';

export interface CheckDoor {
  readonly compartment: string;
  /** What should be inside; null: nothing, and the door is opened to see. */
  readonly expected: string | null;
  readonly found: Found | null;
  readonly item: string | null;
  readonly at: EpochMs | null;
}

export interface Check {
  readonly id: string;
  readonly cabinet: string;
  readonly begunAt: EpochMs;
  readonly by: string;
  readonly endedAt: EpochMs | null;
  readonly doors: readonly CheckDoor[];
}

/** Once a week somebody opens every compartment that should be empty and compares: what is on record, and what is there. */
export interface Reconciliation {
  /** Goes on with the one that is under way. Errors: `E-CUST-0701`. */
  begin(cabinet: string, by: string): Result<Check>;
  get(id: string): Result<Check>;
  /** What was seen behind a door. What lies there unexpected is found; what is missing opens a case. Errors: `E-CUST-0708`, `E-CUST-0701`. */
  note(id: string, compartment: string, seen: { found: Found; item?: string }, by: string): Result<Check>;
  /** Errors: `E-CUST-0708` there is none, or doors have not been looked at. */
  end(id: string, by: string): Result<Check>;
}

export function createReconciliation(deps: {
  readonly db: Db;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: RandomBytes;
  readonly audit: Pick<Audit, 'record'>;
  readonly cabinets: Cabinets;
  readonly store: CabinetStore;
  readonly custody: Custody;
}): Reconciliation {
  const { db, clock, custody, store } = deps;
  const insert = db.prepare('INSERT INTO locker_check (id, cabinet, begun_at, by_whom) VALUES (?, ?, ?, ?)');
  const insertDoor = db.prepare('INSERT INTO locker_check_door (check_id, compartment, expected) VALUES (?, ?, ?)');
  const open = db
    .prepare<[string], string>('SELECT id FROM locker_check WHERE cabinet = ? AND ended_at IS NULL')
    .pluck();
  const head = db.prepare<[string], Omit<Check, 'doors'>>(
    'SELECT id, cabinet, begun_at AS begunAt, by_whom AS "by", ended_at AS endedAt FROM locker_check WHERE id = ?',
  );
  const doors = db.prepare<[string], CheckDoor>(
    'SELECT compartment, expected, found, item, at FROM locker_check_door WHERE check_id = ? ORDER BY compartment',
  );
  const note = db.prepare(
    'UPDATE locker_check_door SET found = ?, item = ?, at = ? WHERE check_id = ? AND compartment = ?',
  );
  const end = db.prepare('UPDATE locker_check SET ended_at = ? WHERE id = ?');

  const get: Reconciliation['get'] = (id) => {
    const row = head.get(id);
    return row ? ok({ ...row, doors: doors.all(id) }) : failure('E-CUST-0708', id);
  };
  return {
    get,
    begin: (cabinet, by) =>
      transact(db, () => {
        const found = deps.cabinets.get(cabinet);
        if (!found.ok) return found;
        const before = open.get(cabinet);
        if (before !== undefined) return get(before);
        const now = clock.now();
        const id = uuidv7(now, deps.random);
        insert.run(id, cabinet, now, by);
        const held = new Map(store.active(cabinet).map(({ compartment, item }) => [compartment, item]));
        for (const { id: compartment } of found.value.compartments)
          insertDoor.run(id, compartment, held.get(compartment) ?? null);
        deps.audit.record({ actor: by, action: 'lockers.check', subject: `cabinet:${cabinet}` });
        return get(id);
      }),
    note: (id, compartment, { found, item }, by) =>
      transact(db, () => {
        const check = get(id);
        if (!check.ok) return check;
        if (check.value.endedAt !== null) return failure('E-CUST-0708', id);
        const door = check.value.doors.find((one) => one.compartment === compartment);
        if (!door) return failure('E-CUST-0701', compartment);
        const now = clock.now();
        note.run(found, item ?? null, now, id, compartment);
        const { cabinet } = check.value;
        const order = (what: string) => ({ id: `check/${id}/${compartment}/${what}`, by });
        if (found === 'stuck') store.setOutOfUse(cabinet, compartment, 'stuck', now);
        if (found === 'empty' && door.expected === null) store.setInUse(cabinet, compartment);
        if (door.expected !== null && found !== 'expected' && found !== 'stuck') {
          store.release(door.expected, now);
          const missing = { kind: 'short' as const, items: [door.expected], note: `${cabinet}/${compartment}` };
          const opened = custody.openCase(missing, order('short'));
          // Reserved, and never dropped off: nothing is missing.
          if (!opened.ok && opened.error.code !== 'E-CUST-0101') return opened;
        }
        if (found === 'other' && item !== undefined) {
          const claimed = custody.find(item, order('found'));
          if (!claimed.ok && claimed.error.code !== 'E-CUST-0108') return claimed;
          const place = { at: 'desk' as const };
          const moved = custody.place({ id: item, place, ready: false, sure: true }, order('desk'));
          if (!moved.ok) return moved;
          store.release(item, now);
        }
        return get(id);
      }),
    end: (id, by) =>
      transact(db, () => {
        const check = get(id);
        if (!check.ok) return check;
        if (check.value.doors.some(({ found }) => found === null)) return failure('E-CUST-0708', 'doors');
        end.run(clock.now(), id);
        deps.audit.record({ actor: by, action: 'lockers.check-end', subject: `cabinet:${check.value.cabinet}` });
        return get(id);
      }),
  };
}
