import type { SchemaComponent } from '@hallhub/sync/sqlite';

/** Top-ups. No name and no number of a person: a card's id of its own system, sealed. */
export const cardSchema: SchemaComponent = {
  component: 'cards',
  migrations: [
    {
      name: 'top-ups',
      sql: `
        CREATE TABLE card_top_up (
          order_id TEXT PRIMARY KEY,
          -- Keyed hash of the card: one top-up of a card at a time.
          card_key BLOB NOT NULL,
          state TEXT NOT NULL,
          amount INTEGER NOT NULL,
          -- The machine's whole state as JSON, sealed.
          sealed BLOB NOT NULL,
          kiosk_id TEXT NOT NULL,
          created_at INTEGER NOT NULL,
          changed_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX card_top_up_open ON card_top_up (card_key) WHERE state IN ('created', 'paying', 'paid', 'crediting');
        CREATE INDEX card_top_up_unfinished ON card_top_up (created_at) WHERE state NOT IN ('credited', 'closed', 'refunded');`,
    },
    {
      name: 'an order that is sent twice counts once',
      sql: `
        -- What the page that ordered it calls it: its person's session and its own key.
        ALTER TABLE card_top_up ADD COLUMN ordered_as TEXT;
        CREATE UNIQUE INDEX card_top_up_ordered ON card_top_up (ordered_as) WHERE ordered_as IS NOT NULL;`,
    },
  ],
};
