import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { CredentialKind, EdgeCabinet, LockerContent, LockerHold, LockerPass } from '../cabinet-contract.ts';
import type { Door, Outcome } from '../rules/door.ts';
import { NEW_DOOR } from '../rules/door.ts';

/** By what somebody had a door opened. */
export type By = CredentialKind | 'staff';
export type Ended = Outcome['ended'];

export interface OrderRow {
  readonly id: string;
  readonly cabinet: string;
  readonly compartment: string;
  readonly purpose: LockerPass['purpose'] | 'service';
  readonly passId: string | null;
  readonly item: string | null;
  readonly by: By;
  readonly at: EpochMs;
  readonly endedAt: EpochMs | null;
  readonly outcome: Ended | null;
  readonly sure: 0 | 1 | null;
  readonly next: string | null;
}

const ORDER = `id, cabinet, compartment, purpose, pass_id AS passId, item, by_what AS "by", at, ended_at AS endedAt, outcome, sure, next`;

export type EdgeLockerStore = ReturnType<typeof edgeLockerStore>;

/** The SQL of a cabinet's agent. Callers hold the transaction. */
export function edgeLockerStore(db: Db) {
  const cabinets = db.prepare<[], string>('SELECT definition FROM locker_edge_cabinet ORDER BY id').pluck();
  const putCabinet = db.prepare('INSERT OR REPLACE INTO locker_edge_cabinet (id, definition) VALUES (?, ?)');
  const removeCabinet = db.prepare('DELETE FROM locker_edge_cabinet WHERE id = ?');

  const putPass = db.prepare(
    `INSERT INTO locker_edge_pass (id, cabinet, definition) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET cabinet = excluded.cabinet, definition = excluded.definition`,
  );
  const dropCredentials = db.prepare('DELETE FROM locker_edge_credential WHERE pass_id = ?');
  const putCredential = db.prepare(
    'INSERT OR IGNORE INTO locker_edge_credential (hash, kind, pass_id) VALUES (?, ?, ?)',
  );
  const removePass = db.prepare('DELETE FROM locker_edge_pass WHERE id = ?');
  const pass = db
    .prepare<[string], string>('SELECT definition FROM locker_edge_pass WHERE id = ? AND used_at IS NULL')
    .pluck();
  const usePass = db.prepare('UPDATE locker_edge_pass SET used_at = ? WHERE id = ? AND used_at IS NULL');
  const passesBy = db
    .prepare<[string, string, string], string>(
      `SELECT definition FROM locker_edge_credential JOIN locker_edge_pass ON id = pass_id
       WHERE hash = ? AND kind = ? AND cabinet = ? AND used_at IS NULL ORDER BY id`,
    )
    .pluck();

  const door = db
    .prepare<[string, string], string>('SELECT door FROM locker_edge_door WHERE cabinet = ? AND compartment = ?')
    .pluck();
  const putDoor = db.prepare(
    'INSERT OR REPLACE INTO locker_edge_door (cabinet, compartment, door, due_at) VALUES (?, ?, ?, ?)',
  );
  const due = db.prepare<[number], { cabinet: string; compartment: string }>(
    'SELECT cabinet, compartment FROM locker_edge_door WHERE due_at <= ?',
  );
  const nextDue = db.prepare<[], EpochMs | null>('SELECT min(due_at) FROM locker_edge_door').pluck();

  const addOrder = db.prepare(
    `INSERT INTO locker_edge_order (id, cabinet, compartment, purpose, pass_id, item, by_what, at)
     VALUES (@id, @cabinet, @compartment, @purpose, @passId, @item, @by, @at)`,
  );
  const order = db.prepare<[string], OrderRow>(`SELECT ${ORDER} FROM locker_edge_order WHERE id = ?`);
  const openAt = db.prepare<[string, string], OrderRow>(
    `SELECT ${ORDER} FROM locker_edge_order WHERE cabinet = ? AND compartment = ? AND ended_at IS NULL`,
  );
  const openBy = db.prepare<[string], OrderRow>(
    `SELECT ${ORDER} FROM locker_edge_order WHERE pass_id = ? AND ended_at IS NULL`,
  );
  const endOrder = db.prepare(
    'UPDATE locker_edge_order SET ended_at = ?, outcome = ?, sure = ? WHERE id = ? AND ended_at IS NULL',
  );
  const follow = db.prepare('UPDATE locker_edge_order SET next = ? WHERE id = ?');
  const forgetOrders = db.prepare('DELETE FROM locker_edge_order WHERE ended_at < ?');
  const forgetPasses = db.prepare('DELETE FROM locker_edge_pass WHERE used_at < ?');

  const content = db
    .prepare<[string, string], string>('SELECT item FROM locker_edge_content WHERE cabinet = ? AND compartment = ?')
    .pluck();
  const whereIs = db
    .prepare<[string, string], string>('SELECT compartment FROM locker_edge_content WHERE cabinet = ? AND item = ?')
    .pluck();
  const putContent = db.prepare(
    'INSERT OR REPLACE INTO locker_edge_content (cabinet, compartment, item, seen) VALUES (?, ?, ?, ?)',
  );
  const toldContent = db.prepare(
    `INSERT INTO locker_edge_content (cabinet, compartment, item, seen) VALUES (?, ?, ?, 0)
     ON CONFLICT (cabinet, compartment) DO UPDATE SET item = excluded.item WHERE seen = 0
     ON CONFLICT (item) DO NOTHING`,
  );
  const dropContent = db.prepare('DELETE FROM locker_edge_content WHERE cabinet = ? AND compartment = ?');
  const dropTold = db.prepare('DELETE FROM locker_edge_content WHERE cabinet = ? AND compartment = ? AND seen = 0');

  const hold = db
    .prepare<[string, string], string>('SELECT why FROM locker_edge_hold WHERE cabinet = ? AND compartment = ?')
    .pluck();
  const putHold = db.prepare('INSERT OR REPLACE INTO locker_edge_hold (cabinet, compartment, why) VALUES (?, ?, ?)');
  const dropHold = db.prepare('DELETE FROM locker_edge_hold WHERE cabinet = ? AND compartment = ?');

  const guesses = db.prepare<[string], { wrong: number; since: EpochMs }>(
    'SELECT wrong, since FROM locker_edge_guess WHERE cabinet = ?',
  );
  const putGuesses = db.prepare('INSERT OR REPLACE INTO locker_edge_guess (cabinet, wrong, since) VALUES (?, ?, ?)');

  // Written by put() below and by nothing else.
  const passOf = (text: string): LockerPass => JSON.parse(text) as LockerPass;

  return {
    cabinets: (): readonly EdgeCabinet[] => cabinets.all().map((text) => JSON.parse(text) as EdgeCabinet),
    putCabinet: (cabinet: EdgeCabinet): void => {
      putCabinet.run(cabinet.id, JSON.stringify(cabinet));
    },
    removeCabinet: (id: string): void => {
      removeCabinet.run(id);
    },
    /** A pass that was used stays used, whatever the hub says of it anew. */
    putPass: (one: LockerPass): void => {
      putPass.run(one.id, one.cabinet, JSON.stringify(one));
      dropCredentials.run(one.id);
      for (const { hash, kind } of one.credentials) putCredential.run(hash, kind, one.id);
    },
    removePass: (id: string): void => {
      removePass.run(id);
    },
    pass: (id: string): LockerPass | undefined => {
      const text = pass.get(id);
      return text === undefined ? undefined : passOf(text);
    },
    usePass: (id: string, at: EpochMs): void => {
      usePass.run(at, id);
    },
    /** Passes of a cabinet that nobody has used yet. */
    passesBy: (cabinet: string, kind: CredentialKind, hash: string): readonly LockerPass[] =>
      passesBy.all(hash, kind, cabinet).map(passOf),

    door: (cabinet: string, compartment: string): Door => {
      const text = door.get(cabinet, compartment);
      return text === undefined ? NEW_DOOR : (JSON.parse(text) as Door);
    },
    putDoor: (cabinet: string, compartment: string, now: Door, dueAt: EpochMs | undefined): void => {
      putDoor.run(cabinet, compartment, JSON.stringify(now), dueAt ?? null);
    },
    due: (now: EpochMs) => due.all(now),
    nextDue: (): EpochMs | undefined => nextDue.get() ?? undefined,

    /** @throws where somebody has the door, or the pass, already */
    addOrder: (row: Omit<OrderRow, 'endedAt' | 'outcome' | 'sure' | 'next'>): void => {
      addOrder.run(row);
    },
    order: (id: string): OrderRow | undefined => order.get(id),
    openAt: (cabinet: string, compartment: string): OrderRow | undefined => openAt.get(cabinet, compartment),
    openBy: (passId: string): OrderRow | undefined => openBy.get(passId),
    endOrder: (id: string, at: EpochMs, outcome: Ended, sure: boolean): boolean =>
      endOrder.run(at, outcome, sure ? 1 : 0, id).changes > 0,
    follow: (id: string, next: string): void => {
      follow.run(next, id);
    },
    forget: (before: EpochMs): void => {
      forgetOrders.run(before);
      forgetPasses.run(before);
    },

    content: (cabinet: string, compartment: string): string | undefined => content.get(cabinet, compartment),
    whereIs: (cabinet: string, item: string): string | undefined => whereIs.get(cabinet, item),
    putContent: (cabinet: string, compartment: string, item: string): void => {
      putContent.run(cabinet, compartment, item, 1);
    },
    /** What the hub says lies there counts where nobody has seen otherwise here. */
    toldContent: ({ cabinet, compartment, item }: LockerContent): void => {
      toldContent.run(cabinet, compartment, item);
    },
    dropTold: (cabinet: string, compartment: string): void => {
      dropTold.run(cabinet, compartment);
    },
    dropContent: (cabinet: string, compartment: string): void => {
      dropContent.run(cabinet, compartment);
    },

    hold: (cabinet: string, compartment: string): string | undefined => hold.get(cabinet, compartment),
    putHold: ({ cabinet, compartment, why }: LockerHold): void => {
      putHold.run(cabinet, compartment, why);
    },
    dropHold: (cabinet: string, compartment: string): void => {
      dropHold.run(cabinet, compartment);
    },

    guesses: (cabinet: string): { readonly wrong: number; readonly since: EpochMs } | undefined => guesses.get(cabinet),
    putGuesses: (cabinet: string, wrong: number, since: EpochMs): void => {
      putGuesses.run(cabinet, wrong, since);
    },
  };
}
