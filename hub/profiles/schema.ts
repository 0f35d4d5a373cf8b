import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const profilesSchema: SchemaComponent = {
  component: 'profiles',
  migrations: [
    {
      name: 'bundles and the one in use',
      sql: `
        CREATE TABLE profile_bundle (
          version TEXT PRIMARY KEY, bytes BLOB NOT NULL, key_id TEXT NOT NULL, created_at INTEGER NOT NULL,
          added_at INTEGER NOT NULL, added_by TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE profile_use (
          seq INTEGER PRIMARY KEY, version TEXT, since INTEGER NOT NULL, by TEXT NOT NULL,
          trial_until INTEGER, ready_before TEXT NOT NULL) STRICT;`,
    },
  ],
};
