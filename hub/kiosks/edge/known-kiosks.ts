import type { CreatePart } from '@hallhub/device-drivers/agent/station';
import type { Cancel } from '@hallhub/sync/base';
import type { Db, SchemaComponent, Sealer } from '@hallhub/sync/sqlite';
import type { EdgeKiosk } from './wire.ts';
import { kioskKinds } from './wire.ts';

/** The kiosks of an agent, as the hub has projected them. */
export const edgeKioskSchema: SchemaComponent = {
  component: 'kiosks-edge',
  migrations: [
    {
      name: 'kiosks of this agent',
      sql: 'CREATE TABLE kiosk_edge (id TEXT PRIMARY KEY, definition BLOB NOT NULL) STRICT, WITHOUT ROWID;',
    },
  ],
};

export interface KnownKiosks {
  list(): readonly EdgeKiosk[];
  /** After the commit of what the hub has told of them. */
  onChange(listener: () => void): Cancel;
  /** Takes them from the agent's feed. */
  readonly part: CreatePart;
}

/** The kiosks that stand at this machine. Their tokens lie sealed on its disk. */
export function createKnownKiosks({ db, sealer }: { readonly db: Db; readonly sealer: Sealer }): KnownKiosks {
  const all = db.prepare<[], { id: string; definition: Uint8Array }>(
    'SELECT id, definition FROM kiosk_edge ORDER BY id',
  );
  const put = db.prepare('INSERT OR REPLACE INTO kiosk_edge (id, definition) VALUES (?, ?)');
  const remove = db.prepare('DELETE FROM kiosk_edge WHERE id = ?');
  const context = (id: string): string => `kiosk/${id}`;
  const listeners = new Set<() => void>();
  let known: readonly EdgeKiosk[] | undefined;
  let isTold = true;
  return {
    list: () =>
      (known ??= all
        .all()
        .map(
          ({ id, definition }) =>
            JSON.parse(new TextDecoder().decode(sealer.open(definition, context(id)))) as EdgeKiosk,
        )),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    part: () => ({
      name: 'kiosks',
      kinds: kioskKinds,
      project: ({ op, id, data }) => {
        const name = id.slice(id.indexOf('/') + 1);
        if (op === 'revoke') remove.run(name);
        else put.run(name, sealer.seal(new TextEncoder().encode(JSON.stringify(data)), context(name)));
        isTold = false;
        return undefined;
      },
      applied: () => {
        if (isTold) return;
        isTold = true;
        known = undefined;
        for (const listener of listeners) listener();
      },
      attend: () => () => undefined,
      deals: () => false,
      answer: (name) => ({ ok: false, error: { code: 'E-AGENT-0102', detail: name } }),
    }),
  };
}
