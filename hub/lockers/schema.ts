import type { SchemaComponent } from '@hallhub/sync/sqlite';

/** Tables of the lockers. The chain is what counts; everything beside it is either read from it or says where and for whom. */
export const lockersSchema: SchemaComponent = {
  component: 'lockers',
  migrations: [
    {
      name: 'the custody chain, and what is read from it',
      sql: `
        CREATE TABLE custody_link (
          -- The order in which this hub came to know of them: what its peers are told by.
          position INTEGER PRIMARY KEY AUTOINCREMENT,
          hub TEXT NOT NULL,
          incarnation INTEGER NOT NULL,
          seq INTEGER NOT NULL,
          hash TEXT NOT NULL UNIQUE,
          order_id TEXT NOT NULL,
          at INTEGER NOT NULL,
          received_at INTEGER NOT NULL,
          -- As it was signed, with its signature.
          signed TEXT NOT NULL,
          UNIQUE (hub, incarnation, seq),
          UNIQUE (hub, order_id)
        ) STRICT;
        CREATE TRIGGER custody_link_stays BEFORE UPDATE ON custody_link
          BEGIN SELECT raise(ABORT, 'the custody chain is append-only'); END;
        CREATE TRIGGER custody_link_remains BEFORE DELETE ON custody_link
          BEGIN SELECT raise(ABORT, 'the custody chain is append-only'); END;
        CREATE TRIGGER custody_link_follows BEFORE INSERT ON custody_link
          WHEN NEW.seq <> 1 + coalesce(
            (SELECT max(seq) FROM custody_link WHERE hub = NEW.hub AND incarnation = NEW.incarnation), 0)
          BEGIN SELECT raise(ABORT, 'a link of the custody chain is missing'); END;

        -- Which links name a consignment, a bag or a manifest.
        CREATE TABLE custody_subject (
          kind TEXT NOT NULL CHECK (kind IN ('item', 'bag', 'manifest')),
          subject TEXT NOT NULL,
          position INTEGER NOT NULL REFERENCES custody_link,
          PRIMARY KEY (kind, subject, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER custody_subject_stays BEFORE UPDATE ON custody_subject
          BEGIN SELECT raise(ABORT, 'the custody chain is append-only'); END;
        CREATE TRIGGER custody_subject_remains BEFORE DELETE ON custody_subject
          BEGIN SELECT raise(ABORT, 'the custody chain is append-only'); END;

        -- Two links of one hub under one number: it was put back without a new incarnation, or somebody has its key.
        CREATE TABLE custody_fork (
          hash TEXT PRIMARY KEY,
          hub TEXT NOT NULL,
          incarnation INTEGER NOT NULL,
          seq INTEGER NOT NULL,
          received_at INTEGER NOT NULL,
          signed TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- The rest is read from the links, kept for lists, and can be made anew at any time.
        CREATE TABLE custody_item (
          id TEXT PRIMARY KEY,
          custodian TEXT NOT NULL CHECK (custodian IN ('hub', 'run', 'person', 'nobody')),
          -- The hub, or the manifest of the run.
          held_by TEXT,
          epoch INTEGER NOT NULL,
          to_hub TEXT NOT NULL,
          bag TEXT,
          cabinet TEXT,
          compartment TEXT,
          ready INTEGER NOT NULL,
          tracking TEXT,
          since INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX custody_item_held ON custody_item (custodian, held_by);
        CREATE INDEX custody_item_bag ON custody_item (held_by, bag) WHERE bag IS NOT NULL;
        CREATE INDEX custody_item_tracking ON custody_item (tracking) WHERE tracking IS NOT NULL;

        CREATE TABLE custody_case (
          id TEXT PRIMARY KEY,
          kind TEXT NOT NULL,
          hub TEXT NOT NULL,
          opened_at INTEGER NOT NULL,
          closed_at INTEGER,
          content TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX custody_case_open ON custody_case (opened_at) WHERE closed_at IS NULL;
        CREATE TABLE custody_case_item (
          item TEXT NOT NULL,
          case_id TEXT NOT NULL REFERENCES custody_case,
          PRIMARY KEY (item, case_id)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE custody_journey (
          manifest TEXT PRIMARY KEY,
          run TEXT NOT NULL,
          box TEXT NOT NULL,
          from_hub TEXT NOT NULL,
          to_hub TEXT NOT NULL,
          stage TEXT NOT NULL CHECK (stage IN ('sealed', 'void', 'under-way', 'arrived')),
          due_at INTEGER,
          at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX custody_journey_stage ON custody_journey (stage, due_at);`,
    },
    {
      name: 'consignments as people know them, compartments, codes, runs, reconciliations, forms that are handed in',
      sql: `
        CREATE TABLE locker_consignment (
          -- The id of its request, or one of this hub's own; the same at every hub.
          id TEXT PRIMARY KEY,
          revision INTEGER NOT NULL,
          from_hub TEXT NOT NULL,
          to_hub TEXT NOT NULL,
          size TEXT NOT NULL CHECK (size IN ('small', 'medium', 'large')),
          keep_days INTEGER NOT NULL,
          valid_until INTEGER NOT NULL,
          revoked INTEGER NOT NULL DEFAULT 0,
          -- Sender and recipient as JSON, and the tracking code; NULL once they are erased.
          sealed BLOB,
          sender_key TEXT,
          sender_id_key TEXT,
          recipient_key TEXT,
          recipient_id_key TEXT,
          drop_code_key TEXT,
          -- While it lies ready.
          ready_since INTEGER,
          expires_at INTEGER,
          reminded INTEGER NOT NULL DEFAULT 0,
          delegated INTEGER NOT NULL DEFAULT 0,
          ended_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX locker_consignment_sender ON locker_consignment (sender_key) WHERE sender_key IS NOT NULL;
        CREATE INDEX locker_consignment_recipient ON locker_consignment (recipient_key) WHERE recipient_key IS NOT NULL;
        CREATE INDEX locker_consignment_expiry ON locker_consignment (expires_at) WHERE expires_at IS NOT NULL;

        CREATE TABLE locker_reservation (
          id TEXT PRIMARY KEY,
          cabinet TEXT NOT NULL,
          compartment TEXT NOT NULL,
          item TEXT NOT NULL,
          purpose TEXT NOT NULL CHECK (purpose IN ('deposit', 'ready', 'return')),
          at INTEGER NOT NULL,
          ended_at INTEGER
        ) STRICT, WITHOUT ROWID;
        -- Two people never get one compartment, whatever a program does.
        CREATE UNIQUE INDEX locker_reservation_door ON locker_reservation (cabinet, compartment) WHERE ended_at IS NULL;
        CREATE UNIQUE INDEX locker_reservation_item ON locker_reservation (item) WHERE ended_at IS NULL;
        CREATE TABLE locker_out_of_use (
          cabinet TEXT NOT NULL,
          compartment TEXT NOT NULL,
          why TEXT NOT NULL,
          since INTEGER NOT NULL,
          PRIMARY KEY (cabinet, compartment)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE locker_door_event (
          seq INTEGER PRIMARY KEY AUTOINCREMENT,
          cabinet TEXT NOT NULL,
          compartment TEXT NOT NULL,
          event TEXT NOT NULL UNIQUE,
          at INTEGER NOT NULL,
          what TEXT NOT NULL,
          item TEXT,
          by_whom TEXT
        ) STRICT;
        CREATE INDEX locker_door_event_door ON locker_door_event (cabinet, compartment, seq);

        CREATE TABLE locker_code (
          id TEXT PRIMARY KEY,
          item TEXT NOT NULL,
          purpose TEXT NOT NULL CHECK (purpose IN ('collect', 'delegate', 'return')),
          hash TEXT NOT NULL,
          -- The code itself, for the cabinet that checks it under a key of its own; NULL once it is over.
          sealed BLOB,
          valid_from INTEGER NOT NULL,
          valid_to INTEGER NOT NULL,
          wrong INTEGER NOT NULL DEFAULT 0,
          used_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX locker_code_open ON locker_code (hash) WHERE used_at IS NULL;
        CREATE INDEX locker_code_item ON locker_code (item);

        CREATE TABLE locker_run (
          id TEXT PRIMARY KEY,
          line TEXT NOT NULL,
          to_hub TEXT NOT NULL,
          bus TEXT,
          driver TEXT,
          departs_at INTEGER NOT NULL,
          arrives_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE locker_check (
          id TEXT PRIMARY KEY,
          cabinet TEXT NOT NULL,
          begun_at INTEGER NOT NULL,
          by_whom TEXT NOT NULL,
          ended_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX locker_check_open ON locker_check (cabinet) WHERE ended_at IS NULL;
        CREATE TABLE locker_check_door (
          check_id TEXT NOT NULL REFERENCES locker_check,
          compartment TEXT NOT NULL,
          expected TEXT,
          found TEXT CHECK (found IN ('empty', 'expected', 'other', 'stuck')),
          item TEXT,
          at INTEGER,
          PRIMARY KEY (check_id, compartment)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE locker_batch (
          id TEXT PRIMARY KEY,
          cabinet TEXT NOT NULL,
          begun_at INTEGER NOT NULL,
          ended_at INTEGER,
          manifest TEXT,
          counted INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX locker_batch_open ON locker_batch (cabinet) WHERE ended_at IS NULL;
        CREATE TABLE locker_form (
          form TEXT PRIMARY KEY,
          batch TEXT NOT NULL REFERENCES locker_batch,
          type TEXT NOT NULL,
          at INTEGER NOT NULL,
          sure INTEGER NOT NULL,
          outcome TEXT CHECK (outcome IN ('collected', 'missing', 'returned'))
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX locker_form_batch ON locker_form (batch);

        -- How far the links of a peer have been read.
        CREATE TABLE locker_peer (
          hub TEXT PRIMARY KEY,
          position INTEGER NOT NULL,
          incarnation INTEGER NOT NULL,
          heard_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;`,
    },
  ],
};
