import type { SchemaComponent } from '@hallhub/sync/sqlite';

/** Tables of a cabinet's agent. Nothing names a person; codes are hashes under the agent's own key. */
export const edgeLockerSchema: SchemaComponent = {
  component: 'lockers-edge',
  migrations: [
    {
      name: 'cabinets of this agent, their doors, who may open them, and what lies in them',
      sql: `
        CREATE TABLE locker_edge_cabinet (id TEXT PRIMARY KEY, definition TEXT NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE locker_edge_pass (
          id TEXT PRIMARY KEY,
          cabinet TEXT NOT NULL,
          definition TEXT NOT NULL,
          used_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE locker_edge_credential (
          hash TEXT NOT NULL,
          kind TEXT NOT NULL,
          pass_id TEXT NOT NULL REFERENCES locker_edge_pass ON DELETE CASCADE,
          PRIMARY KEY (hash, kind, pass_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX locker_edge_credential_pass ON locker_edge_credential (pass_id);

        -- The machine of each door as JSON, and when time alone moves it on.
        CREATE TABLE locker_edge_door (
          cabinet TEXT NOT NULL,
          compartment TEXT NOT NULL,
          door TEXT NOT NULL,
          due_at INTEGER,
          PRIMARY KEY (cabinet, compartment)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX locker_edge_door_due ON locker_edge_door (due_at) WHERE due_at IS NOT NULL;

        CREATE TABLE locker_edge_order (
          id TEXT PRIMARY KEY,
          cabinet TEXT NOT NULL,
          compartment TEXT NOT NULL,
          purpose TEXT NOT NULL CHECK (purpose IN ('deposit', 'collect', 'return', 'service')),
          pass_id TEXT,
          item TEXT,
          by_what TEXT NOT NULL,
          at INTEGER NOT NULL,
          ended_at INTEGER,
          outcome TEXT,
          sure INTEGER,
          -- The order that took its place at another door.
          next TEXT
        ) STRICT, WITHOUT ROWID;
        -- Two people never get one compartment, and nobody opens two doors by one approval, whatever a program does.
        CREATE UNIQUE INDEX locker_edge_order_door ON locker_edge_order (cabinet, compartment) WHERE ended_at IS NULL;
        CREATE UNIQUE INDEX locker_edge_order_pass ON locker_edge_order (pass_id) WHERE ended_at IS NULL AND pass_id IS NOT NULL;
        CREATE INDEX locker_edge_order_ended ON locker_edge_order (ended_at) WHERE ended_at IS NOT NULL;

        CREATE TABLE locker_edge_content (
          cabinet TEXT NOT NULL,
          compartment TEXT NOT NULL,
          item TEXT NOT NULL UNIQUE,
          -- Whether this agent saw it put there, or was told by the hub.
          seen INTEGER NOT NULL,
          PRIMARY KEY (cabinet, compartment)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE locker_edge_hold (
          cabinet TEXT NOT NULL,
          compartment TEXT NOT NULL,
          why TEXT NOT NULL,
          PRIMARY KEY (cabinet, compartment)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE locker_edge_guess (cabinet TEXT PRIMARY KEY, wrong INTEGER NOT NULL, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;`,
    },
  ],
};
