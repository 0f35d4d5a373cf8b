import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const staffSchema: SchemaComponent = {
  component: 'staff',
  migrations: [
    {
      name: 'accounts, sessions, invitations',
      sql: `
        CREATE TABLE staff_account (
          id TEXT PRIMARY KEY,
          login TEXT NOT NULL UNIQUE COLLATE NOCASE,
          name TEXT NOT NULL,
          password_hash TEXT NOT NULL,
          grants TEXT NOT NULL,
          disabled INTEGER NOT NULL DEFAULT 0,
          created_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE staff_session (
          token_hash BLOB PRIMARY KEY,
          account_id TEXT NOT NULL REFERENCES staff_account ON DELETE CASCADE,
          created_at INTEGER NOT NULL,
          expires_at INTEGER NOT NULL,
          seen_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX staff_session_by_account ON staff_session (account_id);
        CREATE TABLE staff_invitation (
          token_hash BLOB PRIMARY KEY,
          grants TEXT NOT NULL,
          expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE staff_attempt (
          key TEXT PRIMARY KEY,
          failures INTEGER NOT NULL,
          locked_until INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;`,
    },
  ],
};
