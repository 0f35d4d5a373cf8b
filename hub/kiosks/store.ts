import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Supply } from './contract.ts';

export interface ServiceCardRow {
  readonly credential: Uint8Array;
  readonly accountId: string;
  readonly label: string;
  readonly pinHash: string;
  readonly addedAt: EpochMs;
  /** Wrong PINs since the last right one. */
  readonly wrong: number;
  readonly lockedUntil: EpochMs;
}

export interface OutOfServiceRow {
  readonly since: EpochMs;
  readonly note: string | null;
}

export type KioskStore = ReturnType<typeof kioskStore>;

/** The SQL of kiosks. */
export function kioskStore(db: Db) {
  const card = `credential, account_id AS accountId, label, pin_hash AS pinHash, added_at AS addedAt, wrong, locked_until AS lockedUntil`;
  const cards = db.prepare<[], ServiceCardRow>(`SELECT ${card} FROM kiosk_service_card ORDER BY added_at`);
  const byCredential = db.prepare<[Uint8Array], ServiceCardRow>(
    `SELECT ${card} FROM kiosk_service_card WHERE credential = ?`,
  );
  const addCard = db.prepare(
    `INSERT INTO kiosk_service_card (credential, account_id, label, pin_hash, added_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const removeCard = db.prepare('DELETE FROM kiosk_service_card WHERE credential = ?');
  const countWrong = db.prepare('UPDATE kiosk_service_card SET wrong = ?, locked_until = ? WHERE credential = ?');
  const setPin = db.prepare(
    'UPDATE kiosk_service_card SET pin_hash = ?, wrong = 0, locked_until = 0 WHERE credential = ?',
  );
  const refill = db.prepare(
    'INSERT OR REPLACE INTO kiosk_refill (kiosk_id, supply, at, sheets, account_id) VALUES (?, ?, ?, ?, ?)',
  );
  const lastRefill = db.prepare<[string, string], { at: EpochMs; sheets: number | null }>(
    'SELECT at, sheets FROM kiosk_refill WHERE kiosk_id = ? AND supply = ? ORDER BY at DESC LIMIT 1',
  );
  const out = db.prepare<[string], OutOfServiceRow>('SELECT since, note FROM kiosk_out_of_service WHERE kiosk_id = ?');
  const putOut = db.prepare(
    'INSERT OR REPLACE INTO kiosk_out_of_service (kiosk_id, since, note, account_id) VALUES (?, ?, ?, ?)',
  );
  const putBack = db.prepare('DELETE FROM kiosk_out_of_service WHERE kiosk_id = ?');
  return {
    serviceCards: (): readonly ServiceCardRow[] => cards.all(),
    serviceCard: (credential: Uint8Array): ServiceCardRow | undefined => byCredential.get(credential),
    /** False: it is there already. */
    addServiceCard: (
      row: Pick<ServiceCardRow, 'credential' | 'accountId' | 'label' | 'pinHash' | 'addedAt'>,
    ): boolean => addCard.run(row.credential, row.accountId, row.label, row.pinHash, row.addedAt).changes > 0,
    removeServiceCard: (credential: Uint8Array): boolean => removeCard.run(credential).changes > 0,
    setPin: (credential: Uint8Array, pinHash: string): void => {
      setPin.run(pinHash, credential);
    },
    countWrongPin: (credential: Uint8Array, wrong: number, lockedUntil: EpochMs): void => {
      countWrong.run(wrong, lockedUntil, credential);
    },
    refill: (kioskId: string, supply: Supply, at: EpochMs, sheets: number | undefined, accountId: string): void => {
      refill.run(kioskId, supply, at, sheets ?? null, accountId);
    },
    lastRefill: (kioskId: string, supply: Supply) => lastRefill.get(kioskId, supply),
    outOfService: (kioskId: string): OutOfServiceRow | undefined => out.get(kioskId),
    setOutOfService: (kioskId: string, since: EpochMs, note: string | undefined, accountId: string): void => {
      putOut.run(kioskId, since, note ?? null, accountId);
    },
    setInService: (kioskId: string): void => {
      putBack.run(kioskId);
    },
  };
}
