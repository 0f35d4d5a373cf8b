import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const gatesSchema: SchemaComponent = {
  component: 'gates',
  migrations: [
    {
      name: 'passes and entries',
      sql: `
        -- One row for each person of an approved request. The key is what a gate looks up: one B-tree descent per card.
        CREATE TABLE gate_pass (
          credential BLOB NOT NULL,
          request_id TEXT NOT NULL,
          person INTEGER NOT NULL,
          valid_from INTEGER NOT NULL,
          valid_until INTEGER NOT NULL,
          revoked INTEGER NOT NULL DEFAULT 0,
          places TEXT NOT NULL DEFAULT '',
          companions INTEGER NOT NULL DEFAULT 0,
          daily_from INTEGER,
          daily_until INTEGER,
          PRIMARY KEY (credential, request_id, person)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gate_pass_by_request ON gate_pass (request_id);

        CREATE TABLE gate_entry (
          seq INTEGER PRIMARY KEY,
          id TEXT NOT NULL UNIQUE,
          gate_id TEXT NOT NULL,
          at INTEGER NOT NULL,
          state TEXT NOT NULL,
          code TEXT,
          request_id TEXT,
          person INTEGER,
          companion INTEGER NOT NULL DEFAULT 0,
          credential BLOB,
          display BLOB,
          confirmation TEXT,
          settled_at INTEGER
        ) STRICT;
        CREATE INDEX gate_entry_by_request ON gate_entry (request_id) WHERE request_id IS NOT NULL;
        CREATE INDEX gate_entry_open ON gate_entry (gate_id) WHERE state IN ('releasing', 'released');`,
    },
  ],
};
