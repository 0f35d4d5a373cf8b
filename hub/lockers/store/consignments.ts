import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';

export type Size = 'small' | 'medium' | 'large';

export interface ConsignmentRow {
  readonly id: string;
  readonly revision: number;
  readonly from: string;
  readonly to: string;
  readonly size: Size;
  readonly keepDays: number;
  readonly validUntil: EpochMs;
  readonly revoked: 0 | 1;
  readonly sealed: Uint8Array | null;
  readonly senderKey: string | null;
  readonly senderIdKey: string | null;
  readonly recipientKey: string | null;
  readonly recipientIdKey: string | null;
  readonly dropCodeKey: string | null;
  readonly readySince: EpochMs | null;
  readonly expiresAt: EpochMs | null;
  readonly reminded: number;
  readonly delegated: 0 | 1;
  readonly endedAt: EpochMs | null;
}

const COLUMNS = `id, revision, from_hub AS "from", to_hub AS "to", size, keep_days AS keepDays, valid_until AS validUntil, revoked, sealed,
  sender_key AS senderKey, sender_id_key AS senderIdKey, recipient_key AS recipientKey, recipient_id_key AS recipientIdKey,
  drop_code_key AS dropCodeKey, ready_since AS readySince, expires_at AS expiresAt, reminded, delegated, ended_at AS endedAt`;

export type ConsignmentStore = ReturnType<typeof consignmentStore>;

/** The SQL of consignments as people know them. */
export function consignmentStore(db: Db) {
  const put = db.prepare(
    `INSERT INTO locker_consignment (id, revision, from_hub, to_hub, size, keep_days, valid_until, sealed, sender_key, sender_id_key,
       recipient_key, recipient_id_key, drop_code_key)
     VALUES (@id, @revision, @from, @to, @size, @keepDays, @validUntil, @sealed, @senderKey, @senderIdKey, @recipientKey,
       @recipientIdKey, @dropCodeKey)
     ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, from_hub = excluded.from_hub, to_hub = excluded.to_hub,
       size = excluded.size, keep_days = excluded.keep_days, valid_until = excluded.valid_until, revoked = 0,
       sealed = excluded.sealed, sender_key = excluded.sender_key, sender_id_key = excluded.sender_id_key,
       recipient_key = excluded.recipient_key, recipient_id_key = excluded.recipient_id_key,
       drop_code_key = excluded.drop_code_key`,
  );
  const byId = db.prepare<[string], ConsignmentRow>(`SELECT ${COLUMNS} FROM locker_consignment WHERE id = ?`);
  const revoke = db.prepare('UPDATE locker_consignment SET revoked = 1, revision = ? WHERE id = ?');
  const ready = db.prepare(
    'UPDATE locker_consignment SET ready_since = ?, expires_at = ?, reminded = 0, delegated = 0 WHERE id = ?',
  );
  const reminded = db.prepare('UPDATE locker_consignment SET reminded = ? WHERE id = ?');
  const delegated = db.prepare('UPDATE locker_consignment SET delegated = 1 WHERE id = ? AND delegated = 0');
  const ended = db.prepare(
    'UPDATE locker_consignment SET ended_at = ?, ready_since = NULL, expires_at = NULL WHERE id = ?',
  );
  const waiting = db.prepare<[], ConsignmentRow>(
    `SELECT ${COLUMNS} FROM locker_consignment WHERE expires_at IS NOT NULL ORDER BY expires_at, id`,
  );
  const ofPerson = db.prepare<[string | null, string | null, string | null, string | null], ConsignmentRow>(
    `SELECT ${COLUMNS} FROM locker_consignment
     WHERE ended_at IS NULL AND (sender_key = ? OR recipient_key = ? OR sender_id_key = ? OR recipient_id_key = ?)
     ORDER BY valid_until, id LIMIT 100`,
  );
  const byDropCode = db.prepare<[string, number], ConsignmentRow>(
    `SELECT ${COLUMNS} FROM locker_consignment WHERE drop_code_key = ? AND revoked = 0 AND valid_until > ? AND ended_at IS NULL`,
  );
  const erase = db.prepare(
    `UPDATE locker_consignment SET sealed = NULL, sender_key = NULL, sender_id_key = NULL, recipient_key = NULL,
       recipient_id_key = NULL, drop_code_key = NULL
     WHERE sealed IS NOT NULL AND (ended_at < ?1 OR (valid_until < ?1
       AND NOT EXISTS (SELECT 1 FROM custody_item i WHERE i.id = locker_consignment.id)))`,
  );
  return {
    put: (
      row: Omit<ConsignmentRow, 'revoked' | 'readySince' | 'expiresAt' | 'reminded' | 'delegated' | 'endedAt'>,
    ): void => {
      put.run(row);
    },
    get: (id: string): ConsignmentRow | undefined => byId.get(id),
    revoke: (id: string, revision: number): void => {
      revoke.run(revision, id);
    },
    setReady: (id: string, since: EpochMs | null, expiresAt: EpochMs | null): void => {
      ready.run(since, expiresAt, id);
    },
    setReminded: (id: string, times: number): void => {
      reminded.run(times, id);
    },
    /** False: somebody was named before. */
    setDelegated: (id: string): boolean => delegated.run(id).changes > 0,
    setEnded: (id: string, at: EpochMs): void => {
      ended.run(at, id);
    },
    /** That lie ready, the next to expire first. */
    waiting: (): readonly ConsignmentRow[] => waiting.all(),
    ofPerson: (number: string | undefined, idKey: string | undefined): readonly ConsignmentRow[] =>
      ofPerson.all(number ?? null, number ?? null, idKey ?? null, idKey ?? null),
    byDropCode: (key: string, now: EpochMs): ConsignmentRow | undefined => byDropCode.get(key, now),
    /** Forgets who sent and got what ended before; returns how many. */
    erase: (before: EpochMs): number => erase.run(before).changes,
  };
}
