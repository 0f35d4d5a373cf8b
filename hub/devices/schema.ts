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
    {
      name: 'commands, twin, hardware and availability',
      sql: `
        CREATE TABLE device_command (
          seq INTEGER PRIMARY KEY,
          id TEXT NOT NULL UNIQUE,
          device_id TEXT NOT NULL,
          capability TEXT NOT NULL,
          name TEXT NOT NULL,
          args TEXT NOT NULL,
          issued_by TEXT NOT NULL,
          issued_at INTEGER NOT NULL,
          expires_at INTEGER NOT NULL,
          state TEXT NOT NULL,
          code TEXT,
          sent_at INTEGER,
          -- Whoever asks twice with one key asked once; the digest tells whether it was the same question.
          request_key TEXT UNIQUE,
          digest BLOB
        ) STRICT;
        CREATE INDEX device_event_by_device ON device_event (device_id, seq);
        CREATE INDEX device_command_by_device ON device_command (device_id, seq);
        CREATE INDEX device_command_unfinished ON device_command (seq) WHERE state IN ('queued', 'sent');
        CREATE TABLE device_command_step (
          command_id TEXT NOT NULL REFERENCES device_command (id) ON DELETE CASCADE,
          n INTEGER NOT NULL,
          at INTEGER NOT NULL,
          state TEXT NOT NULL,
          code TEXT,
          detail TEXT,
          PRIMARY KEY (command_id, n)
        ) STRICT, WITHOUT ROWID;

        -- What is wanted and what was last reported, each with a version of its own.
        CREATE TABLE device_twin (
          device_id TEXT NOT NULL,
          capability TEXT NOT NULL,
          property TEXT NOT NULL,
          desired TEXT,
          desired_version INTEGER NOT NULL DEFAULT 0,
          desired_at INTEGER,
          desired_by TEXT,
          desired_command TEXT,
          reported TEXT,
          reported_version INTEGER NOT NULL DEFAULT 0,
          reported_at INTEGER,
          PRIMARY KEY (device_id, capability, property)
        ) STRICT, WITHOUT ROWID;

        -- A device that is not here is in service.
        CREATE TABLE device_admin (
          device_id TEXT PRIMARY KEY,
          in_service INTEGER NOT NULL,
          reason TEXT NOT NULL,
          by TEXT NOT NULL,
          at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        -- Which hardware played a device, and from when to when. The last row without an end plays it now.
        CREATE TABLE device_hardware (
          seq INTEGER PRIMARY KEY,
          device_id TEXT NOT NULL,
          identity TEXT NOT NULL,
          -- Where it hangs, when that is not where the configuration says.
          place TEXT,
          claimed_at INTEGER NOT NULL,
          claimed_by TEXT NOT NULL,
          note TEXT NOT NULL,
          released_at INTEGER
        ) STRICT;
        CREATE UNIQUE INDEX device_hardware_now ON device_hardware (device_id) WHERE released_at IS NULL;
        -- Hardware that was seen and plays no device.
        CREATE TABLE device_discovered (
          id TEXT PRIMARY KEY,
          source TEXT NOT NULL,
          identity TEXT NOT NULL,
          place TEXT,
          about TEXT NOT NULL,
          first_seen INTEGER NOT NULL,
          last_seen INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE device_health (
          seq INTEGER PRIMARY KEY,
          device_id TEXT NOT NULL,
          at INTEGER NOT NULL,
          state TEXT NOT NULL,
          code TEXT
        ) STRICT;
        CREATE INDEX device_health_by_device ON device_health (device_id, at);
        -- Whole days, in milliseconds of each state; what they were made of is forgotten.
        CREATE TABLE device_health_day (
          device_id TEXT NOT NULL,
          day INTEGER NOT NULL,
          spans TEXT NOT NULL,
          PRIMARY KEY (device_id, day)
        ) STRICT, WITHOUT ROWID;
        -- When the hub was last known to watch.
        CREATE TABLE device_watch (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL) STRICT;`,
    },
  ],
};
