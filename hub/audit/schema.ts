import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const auditSchema: SchemaComponent = {
  component: 'audit',
  migrations: [
    {
      name: 'hash-chained log',
      sql: `
        CREATE TABLE audit_entry (
          seq INTEGER PRIMARY KEY,
          at INTEGER NOT NULL,
          actor TEXT NOT NULL,
          action TEXT NOT NULL,
          subject TEXT NOT NULL,
          detail TEXT NOT NULL,
          previous BLOB NOT NULL,
          hash BLOB NOT NULL
        ) STRICT;
        CREATE INDEX audit_entry_by_subject ON audit_entry (subject);`,
    },
  ],
};
