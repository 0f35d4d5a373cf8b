import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const gateTerminalsSchema: SchemaComponent = {
  component: 'gate-terminals',
  migrations: [
    {
      name: 'who is on which terminal',
      sql: `
        -- Numbers under which terminals know people who have no id of their own there.
        CREATE TABLE gate_terminal_alias (alias INTEGER PRIMARY KEY, subject TEXT NOT NULL UNIQUE) STRICT;

        -- What a pass gives somebody at a terminal; one person may have several.
        CREATE TABLE gate_terminal_claim (
          device_id TEXT NOT NULL,
          person_id TEXT NOT NULL,
          pass_id TEXT NOT NULL,
          request_id TEXT NOT NULL,
          valid_from INTEGER NOT NULL,
          valid_to INTEGER NOT NULL,
          cards BLOB NOT NULL,
          PRIMARY KEY (device_id, person_id, pass_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gate_terminal_claim_by_request ON gate_terminal_claim (request_id);
        CREATE INDEX gate_terminal_claim_by_end ON gate_terminal_claim (valid_to);

        -- Whose requests a deny list speaks of.
        CREATE TABLE gate_terminal_identity (
          identity TEXT NOT NULL,
          request_id TEXT NOT NULL,
          PRIMARY KEY (identity, request_id)
        ) STRICT, WITHOUT ROWID;

        -- Desired beside held, as keyed digests: NULL is nobody, '?' is that an order left and its end is not known.
        CREATE TABLE gate_terminal_person (
          device_id TEXT NOT NULL,
          person_id TEXT NOT NULL,
          wanted TEXT,
          held TEXT,
          -- Every card that may lie on the device, sealed.
          cards BLOB,
          attempts INTEGER NOT NULL DEFAULT 0,
          next_at INTEGER NOT NULL DEFAULT 0,
          code TEXT,
          PRIMARY KEY (device_id, person_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gate_terminal_due ON gate_terminal_person (device_id, next_at) WHERE wanted IS NOT held;

        CREATE TABLE gate_terminal (
          device_id TEXT PRIMARY KEY,
          -- The serial number of the hardware that was there last.
          terminal TEXT NOT NULL,
          -- What validity means to it; 'none': it is given only who may come now.
          validity TEXT NOT NULL,
          position TEXT,
          compared_at INTEGER NOT NULL DEFAULT 0,
          foreign_people INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE gate_terminal_event (
          terminal TEXT NOT NULL,
          key TEXT NOT NULL,
          at INTEGER NOT NULL,
          PRIMARY KEY (terminal, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gate_terminal_event_by_time ON gate_terminal_event (at);`,
    },
    {
      name: 'whom a deny list keeps off terminals, and until when',
      sql: `
        CREATE TABLE gate_terminal_denied (
          request_id TEXT PRIMARY KEY,
          -- When the last of the lists ends that speak of a holder of the request.
          until INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gate_terminal_denied_by_end ON gate_terminal_denied (until);
        -- Of those whom a list keeps off already nothing says until when: all are looked at once.
        INSERT INTO gate_terminal_denied (request_id, until) SELECT DISTINCT request_id, 0 FROM gate_terminal_identity;`,
    },
  ],
};
