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
    {
      // Until now a trial that failed looked like one that was passed; what the hub itself put after it tells them apart.
      name: 'which uses have proved themselves',
      sql: `
        ALTER TABLE profile_use RENAME COLUMN ready_before TO lit_before;
        ALTER TABLE profile_use ADD COLUMN proven INTEGER NOT NULL DEFAULT 0;
        UPDATE profile_use SET proven = 1 WHERE trial_until IS NULL AND NOT EXISTS (
          SELECT 1 FROM profile_use AS next WHERE next.seq = profile_use.seq + 1 AND next.by = 'hub');`,
    },
    {
      name: 'the keys of the configuration, and since when they are those',
      sql: `CREATE TABLE profile_keys (
        only INTEGER PRIMARY KEY CHECK (only = 1), issued_at INTEGER NOT NULL, keys TEXT NOT NULL) STRICT;`,
    },
  ],
};
