import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const requestsSchema: SchemaComponent = {
  component: 'requests',
  migrations: [
    {
      name: 'requests as the hall sent them',
      sql: `
        CREATE TABLE request (
          id TEXT PRIMARY KEY,
          kind TEXT NOT NULL,
          revision INTEGER NOT NULL,
          state TEXT NOT NULL,
          valid_from INTEGER NOT NULL,
          valid_until INTEGER NOT NULL,
          committed_at INTEGER NOT NULL,
          applied_at INTEGER NOT NULL,
          -- The data of the kind, AES-256-GCM; NULL once erased or when only the revocation was ever seen.
          sealed BLOB
        ) STRICT, WITHOUT ROWID;`,
    },
  ],
};
