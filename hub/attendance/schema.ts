import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const attendanceSchema: SchemaComponent = {
  component: 'attendance',
  migrations: [
    {
      name: 'nights in dormitories',
      sql: `
        -- Who lives where, by keyed hash; names stand in the requests, sealed.
        CREATE TABLE attendance_resident (
          request_id TEXT PRIMARY KEY,
          subject TEXT NOT NULL,
          building TEXT NOT NULL,
          category TEXT NOT NULL,
          counsellor TEXT,
          valid_from INTEGER NOT NULL,
          valid_until INTEGER NOT NULL,
          revoked INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX attendance_resident_by_building ON attendance_resident (building, subject);
        CREATE INDEX attendance_resident_by_subject ON attendance_resident (subject);

        CREATE TABLE attendance_leave (
          request_id TEXT PRIMARY KEY,
          subject TEXT NOT NULL,
          valid_from INTEGER NOT NULL,
          valid_until INTEGER NOT NULL,
          revoked INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX attendance_leave_by_subject ON attendance_leave (subject, valid_until);

        -- One row for each night whose list has been made: that it is there is what keeps it from being made twice.
        CREATE TABLE attendance_night (
          building TEXT NOT NULL,
          night TEXT NOT NULL,
          curfew INTEGER NOT NULL,
          late_until INTEGER NOT NULL,
          close INTEGER NOT NULL,
          published_at INTEGER NOT NULL,
          blind TEXT NOT NULL,
          PRIMARY KEY (building, night)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX attendance_night_by_close ON attendance_night (building, close);

        CREATE TABLE attendance_result (
          building TEXT NOT NULL,
          night TEXT NOT NULL,
          subject TEXT NOT NULL,
          request_id TEXT NOT NULL,
          status TEXT NOT NULL,
          ground TEXT NOT NULL,
          at INTEGER,
          revision INTEGER NOT NULL DEFAULT 0,
          set_status TEXT,
          set_reason TEXT,
          set_by TEXT,
          set_at INTEGER,
          confirmed_by TEXT,
          confirmed_at INTEGER,
          told TEXT,
          told_times INTEGER NOT NULL DEFAULT 0,
          PRIMARY KEY (building, night, subject)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX attendance_result_by_subject ON attendance_result (subject, night);

        -- What a result was before, and why it is another now.
        CREATE TABLE attendance_change (
          seq INTEGER PRIMARY KEY,
          building TEXT NOT NULL,
          night TEXT NOT NULL,
          subject TEXT NOT NULL,
          at INTEGER NOT NULL,
          before TEXT NOT NULL,
          after TEXT NOT NULL,
          cause TEXT NOT NULL,
          by TEXT
        ) STRICT;
        CREATE INDEX attendance_change_by_night ON attendance_change (building, night, subject);

        -- Results that have to be looked at again; an empty subject: all of the night.
        CREATE TABLE attendance_dirty (
          building TEXT NOT NULL,
          night TEXT NOT NULL,
          subject TEXT NOT NULL,
          cause TEXT NOT NULL,
          PRIMARY KEY (building, night, subject)
        ) STRICT, WITHOUT ROWID;

        -- What is done once a day and building beside the list.
        CREATE TABLE attendance_round (
          building TEXT NOT NULL,
          round TEXT NOT NULL,
          date TEXT NOT NULL,
          at INTEGER NOT NULL,
          PRIMARY KEY (building, round, date)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE attendance_alert (
          id TEXT PRIMARY KEY,
          type TEXT NOT NULL,
          building TEXT NOT NULL,
          subject TEXT NOT NULL,
          request_id TEXT NOT NULL,
          person INTEGER NOT NULL,
          kind TEXT NOT NULL,
          gate_id TEXT,
          at INTEGER NOT NULL,
          seen_by TEXT,
          seen_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX attendance_alert_by_building ON attendance_alert (building, at);`,
    },
    {
      name: 'check-in of new students',
      sql: `
        CREATE TABLE attendance_newcomer (
          request_id TEXT PRIMARY KEY,
          subject TEXT NOT NULL,
          valid_from INTEGER NOT NULL,
          valid_until INTEGER NOT NULL,
          checked_at INTEGER,
          point TEXT,
          method TEXT,
          by TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX attendance_newcomer_by_subject ON attendance_newcomer (subject);
        CREATE INDEX attendance_newcomer_checked ON attendance_newcomer (checked_at) WHERE checked_at IS NOT NULL;`,
    },
  ],
};
