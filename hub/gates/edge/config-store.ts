import type { Db, SchemaComponent } from '@hallhub/sync/sqlite';
import type { AreaConfig, GateConfig } from '../../config/schema.ts';
import type { CalendarConfig } from '../../calendar/index.ts';
import type { LegacyCodes } from '../qr/index.ts';

/** The gates that an agent decides at, as the hub has projected them. */
export const edgeConfigSchema: SchemaComponent = {
  component: 'gates-edge',
  migrations: [
    {
      name: 'gates of this agent',
      sql: 'CREATE TABLE gate_edge (id TEXT PRIMARY KEY, definition TEXT NOT NULL) STRICT, WITHOUT ROWID;',
    },
  ],
};

export interface EdgeGateConfig {
  readonly gate: GateConfig;
  readonly area: AreaConfig;
  readonly calendar: CalendarConfig;
  readonly visitorKeys: readonly string[];
  /** The password is sealed. */
  readonly legacyCodes?: LegacyCodes;
}

export function createEdgeConfig(db: Db) {
  const all = db.prepare<[], string>('SELECT definition FROM gate_edge ORDER BY id').pluck();
  const put = db.prepare('INSERT OR REPLACE INTO gate_edge (id, definition) VALUES (?, ?)');
  const remove = db.prepare('DELETE FROM gate_edge WHERE id = ?');
  let known: readonly EdgeGateConfig[] | undefined;
  return {
    gates: (): readonly EdgeGateConfig[] => (known ??= all.all().map((text) => JSON.parse(text) as EdgeGateConfig)),
    put: (id: string, definition: EdgeGateConfig): void => {
      put.run(id, JSON.stringify(definition));
      known = undefined;
    },
    remove: (id: string): void => {
      remove.run(id);
      known = undefined;
    },
  };
}
