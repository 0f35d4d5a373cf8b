import type { EpochMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { EntryState } from './edge.ts';
import type { PassView } from './rules.ts';

export interface PassRow {
  readonly credential: Uint8Array;
  readonly person: number;
  readonly companions: number;
}

export interface PassTerms {
  readonly requestId: string;
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
  readonly places: readonly string[];
  readonly daily?: { readonly from: number; readonly until: number };
}

export interface EntryRow {
  readonly seq: number;
  readonly id: string;
  readonly gateId: string;
  readonly at: EpochMs;
  readonly state: EntryState;
  readonly code: string | null;
  readonly requestId: string | null;
  readonly person: number | null;
  readonly companion: number;
  readonly display: Uint8Array | null;
  readonly settledAt: EpochMs | null;
}

export interface EntryInsert {
  readonly id: string;
  readonly gateId: string;
  readonly at: EpochMs;
  readonly state: EntryState;
  readonly code?: string;
  readonly requestId?: string;
  readonly person?: number;
  readonly companion?: boolean;
  readonly credential?: Uint8Array;
  readonly display?: Uint8Array;
}

const ENTRY_COLUMNS = `seq, id, gate_id AS gateId, at, state, code, request_id AS requestId, person, companion, display, settled_at AS settledAt`;

interface StoredPass {
  readonly requestId: string;
  readonly person: number;
  readonly validFrom: number;
  readonly validUntil: number;
  readonly revoked: number;
  readonly places: string;
  readonly companions: number;
  readonly dailyFrom: number | null;
  readonly dailyUntil: number | null;
}

/** The SQL of passes and entries. */
export function createGateStore(db: Db) {
  const select = db.prepare<[Uint8Array], StoredPass>(
    `SELECT request_id AS requestId, person, valid_from AS validFrom, valid_until AS validUntil, revoked, places, companions,
       daily_from AS dailyFrom, daily_until AS dailyUntil FROM gate_pass WHERE credential = ?`,
  );
  const insertPass = db.prepare(
    `INSERT OR REPLACE INTO gate_pass (credential, request_id, person, valid_from, valid_until, places, companions, daily_from, daily_until)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const deletePasses = db.prepare('DELETE FROM gate_pass WHERE request_id = ?');
  const revokePasses = db.prepare('UPDATE gate_pass SET revoked = 1 WHERE request_id = ?');
  const purgePasses = db.prepare('DELETE FROM gate_pass WHERE valid_until < ?');
  const forgetStrangers = db.prepare(
    'UPDATE gate_entry SET display = NULL, credential = NULL WHERE at < ? AND display IS NOT NULL',
  );
  const countPasses = db.prepare<[], number>('SELECT count(*) FROM gate_pass WHERE revoked = 0').pluck();
  const insertEntry = db.prepare(
    `INSERT INTO gate_entry (id, gate_id, at, state, code, request_id, person, companion, credential, display) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const settle = db.prepare(
    `UPDATE gate_entry SET state = @state, settled_at = @at, code = coalesce(@code, code), confirmation = coalesce(@confirmation, confirmation)
     WHERE id = @id AND (state = 'releasing' OR (state = 'released' AND @state <> 'released'))`,
  );
  const openEntries = db.prepare<[], EntryRow>(
    `SELECT ${ENTRY_COLUMNS} FROM gate_entry WHERE state IN ('releasing', 'released')`,
  );
  const byId = db.prepare<[string], EntryRow>(`SELECT ${ENTRY_COLUMNS} FROM gate_entry WHERE id = ?`);
  const ofRequest = db.prepare<[string], EntryRow>(
    `SELECT ${ENTRY_COLUMNS} FROM gate_entry WHERE request_id = ? ORDER BY seq`,
  );
  const recent = db.prepare<[number, number], EntryRow>(
    `SELECT ${ENTRY_COLUMNS} FROM gate_entry WHERE seq > ? ORDER BY seq DESC LIMIT ?`,
  );
  const countStates = db.prepare<[number], { state: EntryState; count: number }>(
    'SELECT state, count(*) AS count FROM gate_entry WHERE at >= ? GROUP BY state',
  );

  return {
    passesOf: (credential: Uint8Array): readonly PassView[] => select.all(credential).map(toView),
    /** Puts the people of a request in place of whoever stood there before. */
    replacePasses: (terms: PassTerms, people: readonly PassRow[]): void => {
      deletePasses.run(terms.requestId);
      const places = terms.places.join(' ');
      for (const { credential, person, companions } of people) {
        insertPass.run(
          credential,
          terms.requestId,
          person,
          terms.validFrom,
          terms.validUntil,
          places,
          companions,
          terms.daily?.from ?? null,
          terms.daily?.until ?? null,
        );
      }
    },
    revokePasses: (requestId: string): void => {
      revokePasses.run(requestId);
    },
    /** Passes that ended before `before` have nothing more to say, not even why somebody is refused. */
    purgePasses: (before: EpochMs): number => purgePasses.run(before).changes,
    /** Forgets what strangers' cards said; that somebody was refused stays. */
    forgetStrangers: (before: EpochMs): number => forgetStrangers.run(before).changes,
    countPasses: (): number => countPasses.get() ?? 0,
    addEntry: (entry: EntryInsert): void => {
      insertEntry.run(
        entry.id,
        entry.gateId,
        entry.at,
        entry.state,
        entry.code ?? null,
        entry.requestId ?? null,
        entry.person ?? null,
        entry.companion === true ? 1 : 0,
        entry.credential ?? null,
        entry.display ?? null,
      );
    },
    settle: (
      id: string,
      state: EntryState,
      at: EpochMs,
      extra: { readonly code?: string; readonly confirmation?: string } = {},
    ): boolean =>
      settle.run({ id, state, at, code: extra.code ?? null, confirmation: extra.confirmation ?? null }).changes > 0,
    openEntries: (): readonly EntryRow[] => openEntries.all(),
    entry: (id: string): EntryRow | undefined => byId.get(id),
    entriesOf: (requestId: string): readonly EntryRow[] => ofRequest.all(requestId),
    recent: (limit: number, after = 0): readonly EntryRow[] => recent.all(after, limit),
    countStates: (since: EpochMs) => countStates.all(since),
  };
}

function toView(row: StoredPass): PassView {
  return {
    requestId: row.requestId,
    person: row.person,
    companions: row.companions,
    validFrom: epochMs(row.validFrom),
    validUntil: epochMs(row.validUntil),
    revoked: row.revoked === 1,
    places: row.places === '' ? [] : row.places.split(' '),
    ...(row.dailyFrom !== null && row.dailyUntil !== null && { daily: { from: row.dailyFrom, until: row.dailyUntil } }),
  };
}
