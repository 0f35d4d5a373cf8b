import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const gatesSchema: SchemaComponent = {
  component: 'gates',
  migrations: [
    {
      name: 'passes and entries',
      sql: `
        -- One row for each person of an approved request. The key is what a gate looks up: one B-tree descent per card.
        CREATE TABLE gate_pass (
          credential BLOB NOT NULL,
          request_id TEXT NOT NULL,
          person INTEGER NOT NULL,
          valid_from INTEGER NOT NULL,
          valid_until INTEGER NOT NULL,
          revoked INTEGER NOT NULL DEFAULT 0,
          places TEXT NOT NULL DEFAULT '',
          companions INTEGER NOT NULL DEFAULT 0,
          daily_from INTEGER,
          daily_until INTEGER,
          PRIMARY KEY (credential, request_id, person)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gate_pass_by_request ON gate_pass (request_id);

        CREATE TABLE gate_entry (
          seq INTEGER PRIMARY KEY,
          id TEXT NOT NULL UNIQUE,
          gate_id TEXT NOT NULL,
          at INTEGER NOT NULL,
          state TEXT NOT NULL,
          code TEXT,
          request_id TEXT,
          person INTEGER,
          companion INTEGER NOT NULL DEFAULT 0,
          credential BLOB,
          display BLOB,
          confirmation TEXT,
          settled_at INTEGER
        ) STRICT;
        CREATE INDEX gate_entry_by_request ON gate_entry (request_id) WHERE request_id IS NOT NULL;
        CREATE INDEX gate_entry_open ON gate_entry (gate_id) WHERE state IN ('releasing', 'released');`,
    },
    {
      name: 'one pass model for every kind of request',
      sql: `
        ALTER TABLE gate_pass RENAME TO gate_pass_before;
        DROP INDEX gate_pass_by_request;

        CREATE TABLE gate_pass (
          id TEXT PRIMARY KEY,
          request_id TEXT NOT NULL,
          person INTEGER NOT NULL,
          kind TEXT NOT NULL,
          effect TEXT NOT NULL,
          identities TEXT NOT NULL,
          account TEXT NOT NULL,
          valid_from INTEGER NOT NULL,
          valid_until INTEGER NOT NULL,
          revoked INTEGER NOT NULL DEFAULT 0,
          terms TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gate_pass_by_request ON gate_pass (request_id);
        CREATE INDEX gate_pass_by_end ON gate_pass (valid_until);

        -- What a gate looks up: one B-tree descent for a card, one more for its pass.
        CREATE TABLE gate_credential (
          credential BLOB NOT NULL,
          pass_id TEXT NOT NULL,
          type TEXT NOT NULL,
          secret BLOB,
          PRIMARY KEY (credential, pass_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gate_credential_by_pass ON gate_credential (pass_id);

        INSERT INTO gate_pass (id, request_id, person, kind, effect, identities, account, valid_from, valid_until, revoked, terms)
          SELECT request_id || '#' || person, request_id, person, 'visitor-access', 'admit', min(lower(hex(credential))),
            request_id || '#' || person, valid_from, valid_until, revoked,
            json_object('places', CASE places WHEN '' THEN json('[]') ELSE json('["' || replace(places, ' ', '","') || '"]') END,
              'companions', companions)
          FROM gate_pass_before GROUP BY request_id, person;
        INSERT INTO gate_credential (credential, pass_id, type)
          SELECT credential, request_id || '#' || person, 'resident-id' FROM gate_pass_before;
        DROP TABLE gate_pass_before;

        -- What an entry counts for: whose uses, whose place in a slot, who is where.
        ALTER TABLE gate_entry ADD COLUMN pass_id TEXT;
        ALTER TABLE gate_entry ADD COLUMN kind TEXT;
        ALTER TABLE gate_entry ADD COLUMN area TEXT;
        ALTER TABLE gate_entry ADD COLUMN way TEXT;
        ALTER TABLE gate_entry ADD COLUMN day TEXT;
        ALTER TABLE gate_entry ADD COLUMN subject TEXT;
        ALTER TABLE gate_entry ADD COLUMN account TEXT;
        ALTER TABLE gate_entry ADD COLUMN slot TEXT;
        ALTER TABLE gate_entry ADD COLUMN method TEXT;
        ALTER TABLE gate_entry ADD COLUMN warning TEXT;
        ALTER TABLE gate_entry ADD COLUMN by_hand TEXT;
        ALTER TABLE gate_entry ADD COLUMN source TEXT;
        CREATE INDEX gate_entry_by_account ON gate_entry (account, day) WHERE account IS NOT NULL;
        CREATE INDEX gate_entry_by_slot ON gate_entry (slot) WHERE slot IS NOT NULL;
        CREATE INDEX gate_entry_by_subject ON gate_entry (subject, at) WHERE subject IS NOT NULL;
        CREATE INDEX gate_entry_by_time ON gate_entry (at);

        -- Who is where, by the last passage that is known; heads counts companions as well.
        CREATE TABLE gate_presence (
          area TEXT NOT NULL,
          subject TEXT NOT NULL,
          inside INTEGER NOT NULL,
          at INTEGER NOT NULL,
          heads INTEGER NOT NULL,
          request_id TEXT,
          person INTEGER,
          kind TEXT,
          gate_id TEXT NOT NULL,
          PRIMARY KEY (area, subject)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gate_presence_inside ON gate_presence (area) WHERE inside = 1;
        CREATE INDEX gate_presence_by_request ON gate_presence (request_id) WHERE inside = 1;

        -- On which day somebody who may lead came in; and how areas and gates stand against their schedule.
        CREATE TABLE gate_led (area TEXT NOT NULL, day TEXT NOT NULL, PRIMARY KEY (area, day)) STRICT, WITHOUT ROWID;
        CREATE TABLE gate_standing (
          scope TEXT PRIMARY KEY,
          standing TEXT NOT NULL,
          since INTEGER NOT NULL,
          by TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE gate_alarm (
          id TEXT PRIMARY KEY,
          gate_id TEXT NOT NULL,
          alarm TEXT NOT NULL,
          at INTEGER NOT NULL,
          cleared_at INTEGER,
          entry_id TEXT,
          seen_by TEXT,
          seen_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gate_alarm_by_time ON gate_alarm (at);`,
    },
    {
      name: 'what agents at gates have been given',
      sql: 'CREATE TABLE gate_agent (agent TEXT PRIMARY KEY, basis TEXT NOT NULL) STRICT, WITHOUT ROWID;',
    },
    {
      name: 'when gates stood open by order',
      sql: `
        -- Orders that have ended: who went through meanwhile was seen by nobody.
        CREATE TABLE gate_stood_open (
          seq INTEGER PRIMARY KEY,
          scope TEXT NOT NULL,
          since INTEGER NOT NULL,
          until INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX gate_stood_open_by_scope ON gate_stood_open (scope, until);`,
    },
    {
      name: 'in which step a code was shown',
      sql: `
        ALTER TABLE gate_entry ADD COLUMN code_step INTEGER;
        CREATE INDEX gate_entry_by_code ON gate_entry (pass_id, code_step) WHERE code_step IS NOT NULL;`,
    },
    {
      name: 'alarms that nobody has seen to, at once',
      sql: 'CREATE INDEX gate_alarm_unseen ON gate_alarm (at) WHERE seen_by IS NULL;',
    },
    {
      name: 'whose code was shown, and codes that are worth nothing any more',
      sql: `
        -- The pass that a code belongs to, which need not be the one that opened.
        ALTER TABLE gate_entry ADD COLUMN code_owner TEXT;
        UPDATE gate_entry SET code_owner = pass_id WHERE code_step IS NOT NULL;
        DROP INDEX gate_entry_by_code;
        CREATE INDEX gate_entry_by_code ON gate_entry (code_owner, code_step) WHERE code_step IS NOT NULL;

        -- What gates that decide elsewhere have taken a moment ago.
        CREATE TABLE gate_code_taken (
          id TEXT PRIMARY KEY,
          owner TEXT NOT NULL,
          method TEXT NOT NULL,
          step INTEGER NOT NULL,
          gate_id TEXT NOT NULL,
          area TEXT NOT NULL,
          way TEXT NOT NULL,
          at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gate_code_taken_by_code ON gate_code_taken (owner, step);
        CREATE INDEX gate_code_taken_by_time ON gate_code_taken (at);

        -- Visitors' codes whose approval was taken back or cut short, until the code would have ended by itself.
        CREATE TABLE gate_code_withdrawn (subject TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;`,
    },
    {
      name: 'a fire stands over what was ordered, not in its place',
      sql: `
        CREATE TABLE gate_standing_layered (
          scope TEXT NOT NULL,
          layer TEXT NOT NULL CHECK (layer IN ('fire', 'order')),
          standing TEXT NOT NULL,
          since INTEGER NOT NULL,
          by TEXT NOT NULL,
          PRIMARY KEY (scope, layer)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO gate_standing_layered (scope, layer, standing, since, by)
          SELECT scope, iif(standing = 'fire', 'fire', 'order'), standing, since, by FROM gate_standing;
        DROP TABLE gate_standing;
        ALTER TABLE gate_standing_layered RENAME TO gate_standing;`,
    },
  ],
};
