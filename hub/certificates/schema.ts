import type { SchemaComponent } from '@hallhub/sync/sqlite';

/** Tables of the certificates domain. Names, numbers and documents are sealed; what is plain says nothing about a person. */
export const certificateSchema: SchemaComponent = {
  component: 'certificates',
  migrations: [
    {
      name: 'certificates and print attempts',
      sql: `
        CREATE TABLE certificate (
          certificate_id TEXT PRIMARY KEY,
          revision INTEGER NOT NULL,
          -- Keyed hashes of the student number and of the resident-ID number.
          student_key TEXT NOT NULL,
          id_key TEXT,
          template TEXT NOT NULL,
          template_version INTEGER,
          -- Name, number and fields as JSON, sealed.
          sealed BLOB NOT NULL,
          copies_allowed INTEGER NOT NULL,
          valid_from INTEGER NOT NULL,
          valid_until INTEGER NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('pending', 'issued', 'refused', 'revoked')),
          number TEXT UNIQUE,
          verification_code TEXT UNIQUE,
          document_sha256 TEXT,
          pages INTEGER,
          code TEXT,
          detail TEXT,
          received_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX certificate_student ON certificate (student_key);
        CREATE INDEX certificate_id_key ON certificate (id_key) WHERE id_key IS NOT NULL;
        CREATE INDEX certificate_state ON certificate (state, received_at);

        -- Apart, so that looking through certificates does not drag their pages along.
        CREATE TABLE certificate_document (
          certificate_id TEXT PRIMARY KEY REFERENCES certificate ON DELETE CASCADE,
          sealed BLOB NOT NULL
        ) STRICT;

        CREATE TABLE certificate_counter (year INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;

        CREATE TABLE print_attempt (
          attempt_id TEXT PRIMARY KEY,
          certificate_id TEXT NOT NULL REFERENCES certificate,
          printer_id TEXT NOT NULL,
          state TEXT NOT NULL,
          -- Off the quota.
          copies_counted INTEGER NOT NULL,
          orphan INTEGER NOT NULL,
          -- The machine's whole state as JSON.
          attempt TEXT NOT NULL,
          requested_at INTEGER NOT NULL,
          -- Campus date of the last change.
          day TEXT NOT NULL,
          sheets INTEGER NOT NULL,
          copies_found INTEGER,
          resolved_by TEXT,
          resolved_at INTEGER
        ) STRICT;
        CREATE INDEX print_attempt_certificate ON print_attempt (certificate_id);
        CREATE INDEX print_attempt_open ON print_attempt (printer_id, requested_at)
          WHERE state NOT IN ('printed', 'not-printed', 'uncertain') OR orphan = 1;
        CREATE INDEX print_attempt_day ON print_attempt (day);
        CREATE INDEX print_attempt_uncertain ON print_attempt (state) WHERE state = 'uncertain' AND resolved_at IS NULL;
        -- One job in flight per printer, whatever the program believes.
        CREATE UNIQUE INDEX print_attempt_lease ON print_attempt (printer_id)
          WHERE state NOT IN ('queued', 'printed', 'not-printed', 'uncertain');
      `,
    },
    {
      name: 'how a document is signed',
      sql: "ALTER TABLE certificate ADD COLUMN signature TEXT CHECK (signature IN ('B-B', 'B-T'));",
    },
    {
      name: 'what anybody may check',
      sql: `
        -- One row for every paper that was ever issued, kept when its certificate is revoked or made anew.
        CREATE TABLE certificate_record (
          sha256 TEXT PRIMARY KEY,
          certificate_id TEXT NOT NULL,
          -- SHA-256 of the code on the paper; a PDF that the hall made bears none.
          code_sha256 TEXT UNIQUE,
          version INTEGER NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('valid', 'revoked', 'replaced')),
          -- The rest of the record as JSON, sealed.
          sealed BLOB NOT NULL
        ) STRICT;
        CREATE INDEX certificate_record_certificate ON certificate_record (certificate_id);`,
    },
    {
      name: 'pick-up codes',
      sql: `
        -- Keyed hash; two certificates of one person may share a code.
        ALTER TABLE certificate ADD COLUMN pick_up_key TEXT;
        CREATE INDEX certificate_pick_up ON certificate (pick_up_key) WHERE pick_up_key IS NOT NULL;
      `,
    },
    {
      name: 'what a printer can, which print run it is, and jobs that staff want gone',
      sql: `
        CREATE TABLE printer_check (
          printer_id TEXT PRIMARY KEY,
          printer_uuid TEXT NOT NULL,
          checked_at INTEGER NOT NULL,
          verdict TEXT NOT NULL
        ) STRICT;
        -- Counts the runs of a certificate that put out paper, or may have.
        ALTER TABLE print_attempt ADD COLUMN run INTEGER;
        ALTER TABLE print_attempt ADD COLUMN withdrawn_by TEXT;
        -- No two papers bear one number, unless a person said that one of them never came out.
        CREATE UNIQUE INDEX print_attempt_run ON print_attempt (certificate_id, run)
          WHERE state <> 'not-printed' AND (copies_found IS NULL OR copies_found > 0);`,
    },
    {
      name: 'sites that were told of every paper',
      sql: 'CREATE TABLE verify_site (identity TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;',
    },
    {
      name: 'an order that is sent twice counts once',
      sql: `
        -- What whoever ordered it calls it: a session at a kiosk and that page's own key.
        ALTER TABLE print_attempt ADD COLUMN ordered_as TEXT;
        CREATE UNIQUE INDEX print_attempt_ordered ON print_attempt (ordered_as) WHERE ordered_as IS NOT NULL;`,
    },
    {
      name: 'copies that were spoiled',
      sql: 'ALTER TABLE print_attempt ADD COLUMN copies_spoiled INTEGER NOT NULL DEFAULT 0;',
    },
    {
      name: 'what may be forgotten is found without looking at everything',
      sql: 'CREATE INDEX certificate_ended ON certificate (valid_until) WHERE length(sealed) > 0;',
    },
  ],
};
