import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';

export interface Reservation {
  readonly id: string;
  readonly cabinet: string;
  readonly compartment: string;
  readonly item: string;
  readonly purpose: 'deposit' | 'ready' | 'return';
  readonly at: EpochMs;
}

export interface CodeRow {
  readonly id: string;
  readonly item: string;
  readonly purpose: 'collect' | 'delegate' | 'return';
  readonly hash: string;
  readonly sealed: Uint8Array | null;
  readonly validFrom: EpochMs;
  readonly validTo: EpochMs;
  readonly wrong: number;
  readonly usedAt: EpochMs | null;
}

export interface DoorEvent {
  readonly at: EpochMs;
  readonly what: string;
  readonly item: string | null;
  readonly by: string | null;
}

const CODE = `id, item, purpose, hash, sealed, valid_from AS validFrom, valid_to AS validTo, wrong, used_at AS usedAt`;

export type CabinetStore = ReturnType<typeof cabinetStore>;

/** The SQL of compartments, codes and what happened at doors. */
export function cabinetStore(db: Db) {
  const reserve = db.prepare(
    `INSERT INTO locker_reservation (id, cabinet, compartment, item, purpose, at)
     VALUES (@id, @cabinet, @compartment, @item, @purpose, @at) ON CONFLICT DO NOTHING`,
  );
  const change = db.prepare('UPDATE locker_reservation SET purpose = ? WHERE item = ? AND ended_at IS NULL');
  const release = db.prepare('UPDATE locker_reservation SET ended_at = ? WHERE item = ? AND ended_at IS NULL');
  const active = db.prepare<[string], Reservation>(
    'SELECT id, cabinet, compartment, item, purpose, at FROM locker_reservation WHERE cabinet = ? AND ended_at IS NULL',
  );
  const ofItem = db.prepare<[string], Reservation>(
    'SELECT id, cabinet, compartment, item, purpose, at FROM locker_reservation WHERE item = ? AND ended_at IS NULL',
  );
  const setOut = db.prepare(
    `INSERT INTO locker_out_of_use (cabinet, compartment, why, since) VALUES (?, ?, ?, ?)
     ON CONFLICT (cabinet, compartment) DO UPDATE SET why = excluded.why`,
  );
  const setIn = db.prepare('DELETE FROM locker_out_of_use WHERE cabinet = ? AND compartment = ?');
  const out = db.prepare<[string], { compartment: string; why: string; since: EpochMs }>(
    'SELECT compartment, why, since FROM locker_out_of_use WHERE cabinet = ?',
  );
  const addEvent = db.prepare(
    `INSERT INTO locker_door_event (cabinet, compartment, event, at, what, item, by_whom) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (event) DO NOTHING`,
  );
  const events = db.prepare<[string, string, number], DoorEvent>(
    `SELECT at, what, item, by_whom AS "by" FROM locker_door_event WHERE cabinet = ? AND compartment = ? ORDER BY seq DESC LIMIT ?`,
  );
  const forgetEvents = db.prepare('DELETE FROM locker_door_event WHERE at < ?');
  const addCode = db.prepare(
    `INSERT INTO locker_code (id, item, purpose, hash, sealed, valid_from, valid_to)
     VALUES (@id, @item, @purpose, @hash, @sealed, @validFrom, @validTo)`,
  );
  const codeByHash = db.prepare<[string], CodeRow>(
    `SELECT ${CODE} FROM locker_code WHERE hash = ? AND used_at IS NULL`,
  );
  const codesOf = db.prepare<[string], CodeRow>(`SELECT ${CODE} FROM locker_code WHERE item = ? AND used_at IS NULL`);
  const endCodes = db.prepare('UPDATE locker_code SET used_at = ?, sealed = NULL WHERE item = ? AND used_at IS NULL');
  return {
    /** False: the compartment or the consignment has a reservation already. */
    reserve: (row: Reservation): boolean => reserve.run(row).changes > 0,
    setPurpose: (item: string, purpose: Reservation['purpose']): void => {
      change.run(purpose, item);
    },
    release: (item: string, at: EpochMs): boolean => release.run(at, item).changes > 0,
    active: (cabinet: string): readonly Reservation[] => active.all(cabinet),
    reservationOf: (item: string): Reservation | undefined => ofItem.get(item),
    setOutOfUse: (cabinet: string, compartment: string, why: string, since: EpochMs): void => {
      setOut.run(cabinet, compartment, why, since);
    },
    setInUse: (cabinet: string, compartment: string): boolean => setIn.run(cabinet, compartment).changes > 0,
    outOfUse: (cabinet: string) => out.all(cabinet),
    /** Each event once, whatever is sent how often; false: it was known. */
    addEvent: (
      door: { readonly cabinet: string; readonly compartment: string },
      { id, at, what, item, by }: DoorEvent & { readonly id: string },
    ): boolean => addEvent.run(door.cabinet, door.compartment, id, at, what, item, by).changes > 0,
    /** The newest first. */
    events: (cabinet: string, compartment: string, most: number): readonly DoorEvent[] =>
      events.all(cabinet, compartment, most),
    forgetEvents: (before: EpochMs): number => forgetEvents.run(before).changes,
    addCode: (row: Omit<CodeRow, 'wrong' | 'usedAt'>): void => {
      addCode.run(row);
    },
    codeByHash: (hash: string): CodeRow | undefined => codeByHash.get(hash),
    codesOf: (item: string): readonly CodeRow[] => codesOf.all(item),
    endCodes: (item: string, at: EpochMs): void => {
      endCodes.run(at, item);
    },
  };
}
