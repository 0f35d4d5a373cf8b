import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const firmwareSchema: SchemaComponent = {
  component: 'firmware',
  migrations: [
    {
      name: 'images, their links, roll-outs',
      sql: `
        CREATE TABLE firmware_image (
          sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, profiles TEXT NOT NULL, models TEXT NOT NULL,
          size INTEGER NOT NULL, received INTEGER NOT NULL, added_at INTEGER NOT NULL, added_by TEXT NOT NULL)
          STRICT, WITHOUT ROWID;
        CREATE TABLE firmware_chunk (
          sha256 TEXT NOT NULL REFERENCES firmware_image ON DELETE CASCADE, start INTEGER NOT NULL, bytes BLOB NOT NULL,
          PRIMARY KEY (sha256, start)) STRICT;
        CREATE TABLE firmware_link (
          token_hash BLOB PRIMARY KEY, sha256 TEXT NOT NULL REFERENCES firmware_image ON DELETE CASCADE,
          device_id TEXT NOT NULL, expires_at INTEGER NOT NULL, uses_left INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX firmware_link_expiry ON firmware_link (expires_at);
        CREATE INDEX firmware_link_image ON firmware_link (sha256);
        CREATE TABLE firmware_rollout (
          id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, image_name TEXT NOT NULL, version TEXT NOT NULL, plan TEXT NOT NULL,
          state TEXT NOT NULL, stage INTEGER NOT NULL, stage_opens_at INTEGER NOT NULL, forgiven INTEGER NOT NULL,
          over INTEGER NOT NULL, created_at INTEGER NOT NULL, created_by TEXT NOT NULL, ended_at INTEGER)
          STRICT, WITHOUT ROWID;
        CREATE INDEX firmware_rollout_open ON firmware_rollout (over) WHERE over = 0;
        CREATE TABLE firmware_target (
          rollout TEXT NOT NULL REFERENCES firmware_rollout ON DELETE CASCADE, position INTEGER NOT NULL,
          device_id TEXT NOT NULL, state TEXT NOT NULL, standing TEXT NOT NULL,
          PRIMARY KEY (rollout, position)) STRICT, WITHOUT ROWID;`,
    },
    {
      // Links live two hours at most and belong to orders that are repeated: the old ones need not be kept.
      name: 'links of a roll-out, and of bytes',
      sql: `
        DROP TABLE firmware_link;
        CREATE TABLE firmware_link (
          token_hash BLOB PRIMARY KEY, sha256 TEXT NOT NULL REFERENCES firmware_image ON DELETE CASCADE,
          device_id TEXT NOT NULL, rollout TEXT NOT NULL, way TEXT NOT NULL, expires_at INTEGER NOT NULL,
          bytes_left INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX firmware_link_expiry ON firmware_link (expires_at);
        CREATE INDEX firmware_link_image ON firmware_link (sha256);`,
    },
  ],
};
