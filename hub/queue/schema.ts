import type { SchemaComponent } from '@hallhub/sync/sqlite';

/** Tables of the queue. Who holds a ticket is a keyed hash and a sealed name; what is plain says nothing about a person. */
export const queueSchema: SchemaComponent = {
  component: 'queue',
  migrations: [
    {
      name: 'tickets with their periods, counters at work, calls and appointments',
      sql: `
        CREATE TABLE queue_ticket (
          id TEXT PRIMARY KEY,
          hall TEXT NOT NULL,
          -- Local day of the campus, YYYY-MM-DD.
          day TEXT NOT NULL,
          series TEXT NOT NULL,
          serial INTEGER NOT NULL,
          number TEXT NOT NULL,
          -- What its QR code holds.
          key TEXT NOT NULL UNIQUE,
          service TEXT NOT NULL,
          class TEXT NOT NULL,
          source TEXT NOT NULL,
          state TEXT NOT NULL CHECK (state IN
            ('created', 'waiting', 'called', 'serving', 'held', 'parked', 'finished', 'no-show', 'cancelled', 'expired')),
          open INTEGER NOT NULL GENERATED ALWAYS AS (state NOT IN ('finished', 'no-show', 'cancelled', 'expired')) STORED,
          since INTEGER NOT NULL,
          taken_at INTEGER NOT NULL,
          arrival INTEGER NOT NULL,
          front INTEGER NOT NULL DEFAULT 0,
          for_counter TEXT,
          counter TEXT,
          calls INTEGER NOT NULL DEFAULT 0,
          services TEXT NOT NULL,
          outcome TEXT,
          -- Keyed hashes of the number at the university, or of the telephone, and of the resident-ID number.
          number_key TEXT,
          id_key TEXT,
          -- Name and note as JSON, sealed; NULL when there is neither, or they are erased.
          sealed BLOB,
          -- The appointment or other request for which it was taken.
          request_id TEXT,
          appointment_from INTEGER,
          appointment_to INTEGER,
          -- At which kiosk, or by which button machine.
          place TEXT,
          -- What was promised when it was taken, in milliseconds.
          expected_from INTEGER,
          expected_to INTEGER,
          UNIQUE (hall, day, series, serial)
        ) STRICT;
        CREATE UNIQUE INDEX queue_ticket_open_number ON queue_ticket (hall, number) WHERE open = 1;
        -- A counter has one ticket, whatever a program does.
        CREATE UNIQUE INDEX queue_ticket_at_counter ON queue_ticket (counter) WHERE state IN ('called', 'serving');
        CREATE INDEX queue_ticket_open ON queue_ticket (hall) WHERE open = 1;
        CREATE INDEX queue_ticket_day ON queue_ticket (hall, day);
        CREATE INDEX queue_ticket_request ON queue_ticket (request_id) WHERE request_id IS NOT NULL;

        CREATE TABLE queue_period (
          ticket_id TEXT NOT NULL REFERENCES queue_ticket ON DELETE CASCADE,
          seq INTEGER NOT NULL,
          state TEXT NOT NULL,
          from_at INTEGER NOT NULL,
          to_at INTEGER,
          service TEXT NOT NULL,
          counter TEXT,
          account_id TEXT,
          PRIMARY KEY (ticket_id, seq)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE queue_call (
          seq INTEGER PRIMARY KEY AUTOINCREMENT,
          hall TEXT NOT NULL,
          day TEXT NOT NULL,
          ticket_id TEXT NOT NULL REFERENCES queue_ticket ON DELETE CASCADE,
          number TEXT NOT NULL,
          service TEXT NOT NULL,
          counter TEXT NOT NULL,
          at INTEGER NOT NULL,
          times INTEGER NOT NULL,
          -- Of the first tier, so that the cap on them holds through a restart.
          first_tier INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX queue_call_hall ON queue_call (hall, seq);
        CREATE INDEX queue_call_ticket ON queue_call (ticket_id);

        -- Who works at a counter. The epoch only grows: an order with an older lease is refused.
        CREATE TABLE queue_counter (
          counter TEXT PRIMARY KEY,
          hall TEXT NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('open', 'break', 'closed')),
          epoch INTEGER NOT NULL,
          lease TEXT,
          account_id TEXT,
          account_name TEXT,
          services TEXT,
          since INTEGER NOT NULL,
          day TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE queue_rating (
          id INTEGER PRIMARY KEY,
          hall TEXT NOT NULL,
          day TEXT NOT NULL,
          counter TEXT NOT NULL,
          ticket_id TEXT UNIQUE REFERENCES queue_ticket ON DELETE CASCADE,
          service TEXT,
          account_id TEXT,
          score INTEGER NOT NULL,
          at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX queue_rating_day ON queue_rating (hall, day);

        CREATE TABLE queue_appointment (
          request_id TEXT PRIMARY KEY,
          revision INTEGER NOT NULL,
          hall TEXT NOT NULL,
          service TEXT NOT NULL,
          from_at INTEGER NOT NULL,
          to_at INTEGER NOT NULL,
          number_key TEXT,
          id_key TEXT,
          code_key TEXT,
          sealed BLOB,
          state TEXT NOT NULL CHECK (state IN ('booked', 'checked-in', 'missed', 'revoked'))
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX queue_appointment_number ON queue_appointment (number_key) WHERE number_key IS NOT NULL;
        CREATE INDEX queue_appointment_id ON queue_appointment (id_key) WHERE id_key IS NOT NULL;
        CREATE INDEX queue_appointment_code ON queue_appointment (code_key) WHERE code_key IS NOT NULL;
        CREATE INDEX queue_appointment_state ON queue_appointment (state, to_at);`,
    },
    {
      name: 'what is asked at every change is found without a look at all the years; an order that is sent twice counts once',
      sql: `
        CREATE INDEX queue_ticket_counter ON queue_ticket (counter, day, state);
        CREATE INDEX queue_ticket_missed ON queue_ticket (hall, day, since, id) WHERE state = 'no-show';
        CREATE INDEX queue_call_day ON queue_call (hall, day, seq);
        CREATE INDEX queue_period_served ON queue_period (service, to_at) WHERE state = 'serving' AND to_at IS NOT NULL;
        -- What whoever ordered it calls it: a machine or somebody, and that page's own key.
        ALTER TABLE queue_ticket ADD COLUMN ordered_as TEXT;
        CREATE UNIQUE INDEX queue_ticket_ordered ON queue_ticket (ordered_as) WHERE ordered_as IS NOT NULL;`,
    },
    {
      name: 'an order at a counter that is sent twice counts once',
      sql: `
        -- A digest of who ordered what under which key, and in which session of the counter; kept for some hours.
        CREATE TABLE queue_order (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX queue_order_at ON queue_order (at);`,
    },
    {
      name: 'what staff let boards show',
      sql: `
        CREATE TABLE queue_notice (
          hall TEXT PRIMARY KEY,
          zh TEXT NOT NULL,
          en TEXT NOT NULL,
          -- On this day alone, and until then.
          day TEXT NOT NULL,
          until INTEGER
        ) STRICT, WITHOUT ROWID;`,
    },
    {
      name: 'whose approved requests are whose',
      sql: `
        CREATE TABLE queue_claim (
          request_id TEXT NOT NULL,
          -- Keyed hash of the number at the university or of the resident-ID number.
          person_key TEXT NOT NULL,
          kind TEXT NOT NULL,
          valid_from INTEGER NOT NULL,
          valid_until INTEGER NOT NULL,
          PRIMARY KEY (request_id, person_key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX queue_claim_person ON queue_claim (person_key);
        CREATE INDEX queue_claim_end ON queue_claim (valid_until);
        -- One row once everything that was approved before has been read.
        CREATE TABLE queue_claims_read (at INTEGER NOT NULL) STRICT;`,
    },
  ],
};
