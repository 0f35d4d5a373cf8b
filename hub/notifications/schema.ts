import type { SchemaComponent } from '@hallhub/sync/sqlite';

export const notificationsSchema: SchemaComponent = {
  component: 'notifications',
  migrations: [
    {
      name: 'outbox of messages',
      sql: `
        CREATE TABLE notification (
          seq INTEGER PRIMARY KEY,
          id TEXT NOT NULL UNIQUE,
          channel TEXT NOT NULL,
          recipient TEXT NOT NULL,
          dedupe TEXT UNIQUE,
          at INTEGER NOT NULL,
          due INTEGER NOT NULL,
          state TEXT NOT NULL,
          tries INTEGER NOT NULL DEFAULT 0,
          code TEXT,
          sealed BLOB
        ) STRICT;
        CREATE INDEX notification_waiting ON notification (channel, due) WHERE state = 'waiting';
        CREATE INDEX notification_by_time ON notification (at);`,
    },
  ],
};
