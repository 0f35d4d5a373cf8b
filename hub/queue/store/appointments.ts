import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { PersonKeys } from './tickets.ts';

export interface AppointmentRow {
  readonly requestId: string;
  readonly revision: number;
  readonly hall: string;
  readonly service: string;
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly numberKey: string | null;
  readonly idKey: string | null;
  /** Keyed hash of the code with which a phone checks in. */
  readonly codeKey: string | null;
  readonly sealed: Uint8Array | null;
  readonly state: 'booked' | 'checked-in' | 'missed' | 'revoked';
}

const COLUMNS = `request_id AS requestId, revision, hall, service, from_at AS "from", to_at AS "to", number_key AS numberKey,
  id_key AS idKey, code_key AS codeKey, sealed, state`;

export type AppointmentStore = ReturnType<typeof appointmentStore>;

/** The SQL of appointments. */
export function appointmentStore(db: Db) {
  const get = db.prepare<[string], AppointmentRow>(`SELECT ${COLUMNS} FROM queue_appointment WHERE request_id = ?`);
  const put = db.prepare(
    `INSERT INTO queue_appointment
       (request_id, revision, hall, service, from_at, to_at, number_key, id_key, code_key, sealed, state)
     VALUES (@requestId, @revision, @hall, @service, @from, @to, @numberKey, @idKey, @codeKey, @sealed, @state)
     ON CONFLICT (request_id) DO UPDATE SET revision = excluded.revision, hall = excluded.hall, service = excluded.service,
       from_at = excluded.from_at, to_at = excluded.to_at, number_key = excluded.number_key, id_key = excluded.id_key,
       code_key = excluded.code_key, sealed = excluded.sealed, state = excluded.state`,
  );
  const setState = db.prepare('UPDATE queue_appointment SET state = ? WHERE request_id = ?');
  const ofPerson = db.prepare<[string | null, string | null], AppointmentRow>(
    `SELECT ${COLUMNS} FROM queue_appointment WHERE number_key = ? OR id_key = ? ORDER BY from_at, request_id`,
  );
  const byCode = db.prepare<[string], AppointmentRow>(
    `SELECT ${COLUMNS} FROM queue_appointment WHERE code_key = ? ORDER BY from_at DESC LIMIT 1`,
  );
  const overdue = db.prepare<[number], AppointmentRow>(
    `SELECT ${COLUMNS} FROM queue_appointment WHERE state = 'booked' AND to_at <= ?`,
  );
  const erase = db.prepare(`DELETE FROM queue_appointment WHERE to_at < ? AND state <> 'booked'`);
  return {
    get: (requestId: string): AppointmentRow | undefined => get.get(requestId),
    put: (row: AppointmentRow): void => {
      put.run(row);
    },
    setState: (requestId: string, state: AppointmentRow['state']): void => {
      setState.run(state, requestId);
    },
    of: ({ numberKey, idKey }: PersonKeys): readonly AppointmentRow[] => ofPerson.all(numberKey ?? null, idKey ?? null),
    byCode: (codeKey: string): AppointmentRow | undefined => byCode.get(codeKey),
    /** Booked, and their slot ended by then. */
    overdue: (at: EpochMs): readonly AppointmentRow[] => overdue.all(at),
    erase: (before: EpochMs): number => erase.run(before).changes,
  };
}
