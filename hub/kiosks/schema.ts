import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const kioskSchema: SchemaComponent = {
  component: 'kiosks',
  migrations: [
    {
      name: 'service cards, supplies and kiosks out of service',
      sql: `
        -- Cards that open a kiosk for its service. The credential is a keyed hash, the PIN is argon2id.
        CREATE TABLE kiosk_service_card (
          credential BLOB PRIMARY KEY,
          account_id TEXT NOT NULL,
          label TEXT NOT NULL,
          pin_hash TEXT NOT NULL,
          added_at INTEGER NOT NULL,
          wrong INTEGER NOT NULL DEFAULT 0,
          locked_until INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE kiosk_refill (
          kiosk_id TEXT NOT NULL,
          supply TEXT NOT NULL CHECK (supply IN ('paper', 'toner', 'receipt-paper')),
          at INTEGER NOT NULL,
          sheets INTEGER,
          account_id TEXT NOT NULL,
          PRIMARY KEY (kiosk_id, supply, at)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE kiosk_out_of_service (
          kiosk_id TEXT PRIMARY KEY,
          since INTEGER NOT NULL,
          note TEXT,
          account_id TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;`,
    },
  ],
};
