import { eventsShed } from '@hallhub/device-drivers/agent/station';
import type { Db } from '@hallhub/sync/sqlite';
import type { z } from 'zod';

/** How many events of each sort an agent could not keep, and between which instants of its clock. */
export type EventsShed = z.output<typeof eventsShed.schema>;

/** What each agent last said that it could not keep. */
export interface ShedLog {
  /** Joins the caller's transaction. */
  note(agent: string, shed: EventsShed): void;
  last(agent: string): EventsShed | undefined;
  forget(agent: string): void;
}

export function createShedLog(db: Db): ShedLog {
  const put = db.prepare('INSERT OR REPLACE INTO agent_shed (agent, said) VALUES (?, ?)');
  const one = db.prepare<[string], string>('SELECT said FROM agent_shed WHERE agent = ?').pluck();
  const remove = db.prepare('DELETE FROM agent_shed WHERE agent = ?');
  return {
    note: (agent, shed) => {
      put.run(agent, JSON.stringify(shed));
    },
    last: (agent) => {
      const said = one.get(agent);
      return said === undefined ? undefined : eventsShed.schema.parse(JSON.parse(said));
    },
    forget: (agent) => {
      remove.run(agent);
    },
  };
}
