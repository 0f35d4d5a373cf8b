import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const gateDeskSchema: SchemaComponent = {
  component: 'gate-desk',
  migrations: [
    {
      name: 'visitors without an approval, and orders that count once',
      sql: `
        -- Who stands at a gate without an approval and was asked for: sealed, found again by the hashes of their documents.
        CREATE TABLE gate_walk_in (
          id TEXT PRIMARY KEY,
          gate_id TEXT NOT NULL,
          at INTEGER NOT NULL,
          until INTEGER NOT NULL,
          by TEXT NOT NULL,
          credentials TEXT NOT NULL,
          sealed BLOB NOT NULL,
          request_id TEXT,
          answered_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gate_walk_in_by_time ON gate_walk_in (at);
        CREATE INDEX gate_walk_in_waiting ON gate_walk_in (until) WHERE request_id IS NULL;

        CREATE TABLE gate_desk_order (
          staff_id TEXT NOT NULL,
          key TEXT NOT NULL,
          digest BLOB NOT NULL,
          at INTEGER NOT NULL,
          answer TEXT,
          PRIMARY KEY (staff_id, key)
        ) STRICT, WITHOUT ROWID;`,
    },
  ],
};
