import type { SchemaComponent } from '../sqlite/index.ts';

export const hallSchema: SchemaComponent = {
  component: 'reference-hall',
  migrations: [
    {
      name: 'hall tables',
      sql: `
        CREATE TABLE hall_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
        -- One row a request; position and op are set once it has been approved and so stands in the feed.
        CREATE TABLE hall_request (
          id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, origin TEXT NOT NULL,
          schema_version TEXT NOT NULL, revision INTEGER NOT NULL, op TEXT, valid_from TEXT NOT NULL,
          valid_until TEXT NOT NULL, valid_until_ms INTEGER NOT NULL, committed_at TEXT, created_at TEXT NOT NULL,
          data TEXT NOT NULL, reason TEXT, position INTEGER, bucket INTEGER NOT NULL) STRICT;
        CREATE UNIQUE INDEX hall_request_position ON hall_request (position) WHERE position IS NOT NULL;
        CREATE UNIQUE INDEX hall_request_revoked ON hall_request (position) WHERE op = 'revoke';
        CREATE INDEX hall_request_bucket ON hall_request (bucket, id) WHERE op = 'upsert';
        CREATE TABLE hall_hub (id TEXT PRIMARY KEY, epoch INTEGER NOT NULL, seen_at INTEGER NOT NULL) STRICT;
        CREATE TABLE hall_contiguous (
          hub TEXT NOT NULL, epoch INTEGER NOT NULL, highest INTEGER NOT NULL, PRIMARY KEY (hub, epoch)) STRICT;
        CREATE TABLE hall_sequence (
          hub TEXT NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, event TEXT NOT NULL,
          PRIMARY KEY (hub, epoch, sequence)) STRICT, WITHOUT ROWID;
        CREATE TABLE hall_event (
          id TEXT PRIMARY KEY, hub TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL, time TEXT NOT NULL,
          received_at TEXT NOT NULL, arrival INTEGER NOT NULL, status TEXT NOT NULL, code TEXT, reason TEXT,
          data TEXT NOT NULL) STRICT;
        CREATE UNIQUE INDEX hall_event_arrival ON hall_event (arrival);
        CREATE INDEX hall_event_subject ON hall_event (subject, arrival);
        CREATE TABLE hall_file (
          sha256 TEXT PRIMARY KEY, media_type TEXT NOT NULL, bytes BLOB NOT NULL, stored_at INTEGER NOT NULL) STRICT;`,
    },
    {
      name: 'papers that anybody may check',
      sql: `
        CREATE TABLE hall_paper (
          sha256 TEXT PRIMARY KEY, code_sha256 TEXT, request TEXT NOT NULL, version INTEGER NOT NULL,
          record TEXT NOT NULL) STRICT;
        CREATE INDEX hall_paper_code ON hall_paper (code_sha256) WHERE code_sha256 IS NOT NULL;`,
    },
  ],
};
