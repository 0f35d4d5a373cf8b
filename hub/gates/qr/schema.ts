import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const gateCodeSchema: SchemaComponent = {
  component: 'gate-codes',
  migrations: [
    {
      name: 'which dynamic codes were shown already',
      sql: `
        CREATE TABLE gate_code_seen (
          credential BLOB NOT NULL,
          step INTEGER NOT NULL,
          gate_id TEXT NOT NULL,
          at INTEGER NOT NULL,
          PRIMARY KEY (credential, step)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gate_code_seen_by_step ON gate_code_seen (step);`,
    },
    {
      name: 'steps of several lengths: they are forgotten by time',
      sql: `
        DROP INDEX gate_code_seen_by_step;
        CREATE INDEX gate_code_seen_by_time ON gate_code_seen (at);`,
    },
  ],
};
