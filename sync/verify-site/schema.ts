import type { SchemaComponent } from '../sqlite/index.ts';

export const verifySiteSchema: SchemaComponent = {
  component: 'verify-site',
  migrations: [
    {
      name: 'hubs and what they told of papers',
      sql: `
        CREATE TABLE hall_hub (id TEXT PRIMARY KEY, epoch INTEGER NOT NULL, seen_at INTEGER NOT NULL) STRICT;
        CREATE TABLE paper (
          sha256 TEXT PRIMARY KEY, code_sha256 TEXT, hub TEXT NOT NULL, version INTEGER NOT NULL,
          record TEXT NOT NULL) STRICT;
        CREATE INDEX paper_code ON paper (code_sha256) WHERE code_sha256 IS NOT NULL;`,
    },
  ],
};
