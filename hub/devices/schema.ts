import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const devicesSchema: SchemaComponent = {
  component: 'devices',
  migrations: [
    {
      name: 'credentials and events',
      sql: `
        CREATE TABLE device_credential (
          device_id TEXT PRIMARY KEY,
          token_hash BLOB NOT NULL,
          created_at INTEGER NOT NULL,
          revoked_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE device_event (
          seq INTEGER PRIMARY KEY,
          device_id TEXT NOT NULL,
          event_id TEXT NOT NULL,
          type TEXT NOT NULL,
          at INTEGER NOT NULL,
          received_at INTEGER NOT NULL,
          data TEXT NOT NULL,
          UNIQUE (device_id, event_id)
        ) STRICT;`,
    },
  ],
};
