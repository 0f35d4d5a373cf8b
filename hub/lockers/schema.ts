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
  ],
};
