import type { Cancel, Clock, Code, EpochMs, Failure } from '@hallhub/sync/base';
import { FailureError, hours, seconds } from '@hallhub/sync/base';
import type { CloudEvent } from '@hallhub/sync/contract';
import type { Db, SchemaComponent, Sealer } from '@hallhub/sync/sqlite';
import { afterCommit, isOwnTrouble, transact, transactPart } from '@hallhub/sync/sqlite';

/** What agents reported and the hub has acknowledged, until it has had its effects. */
export const agentInboxSchema: SchemaComponent = {
  component: 'agent-inbox',
  migrations: [
    {
      name: 'events that wait for their effects',
      sql: `
        -- received: its turn comes; resting: it comes again in a moment; failed: it comes again in an hour, or with the next start.
        -- An event that has had its effects is deleted in their transaction; received_event still knows its id.
        CREATE TABLE agent_inbox (
          seq INTEGER PRIMARY KEY,
          agent TEXT NOT NULL,
          event BLOB NOT NULL,
          at INTEGER NOT NULL,
          state TEXT NOT NULL DEFAULT 'received',
          tries INTEGER NOT NULL DEFAULT 0,
          code TEXT
        ) STRICT;
        CREATE INDEX agent_inbox_received ON agent_inbox (seq) WHERE state = 'received';`,
    },
    {
      name: 'what agents could not keep',
      sql: 'CREATE TABLE agent_shed (agent TEXT PRIMARY KEY, said TEXT NOT NULL) STRICT, WITHOUT ROWID;',
    },
    {
      name: 'what an event is about, so that those behind it wait while it rests',
      sql: `
        ALTER TABLE agent_inbox ADD COLUMN subject TEXT;
        CREATE INDEX agent_inbox_resting ON agent_inbox (agent, subject, seq) WHERE state = 'resting';`,
    },
  ],
};

/**
 * Between the commit that acknowledges an agent's event and the domains. Events are handed on in the order of their coming,
 * each in a transaction that also ends its waiting: what domains write of an event is written once, whatever dies in between,
 * and what they order of devices leaves after that commit. One that cannot be applied is tried again for a while and holds up
 * those of the same subject behind it meanwhile, and no others; then it is set aside.
 */
export interface AgentInbox {
  /** Puts an event in line; joins the receiver's transaction. */
  put(agent: string, event: CloudEvent): void;
  /** Hands on what an earlier process left; what had failed gets another chance. */
  start(): void;
  stop(): void;
  counts(): AgentInboxCounts;
  /** Forgets what failed before `before`. */
  purge(before: EpochMs): number;
}

export interface AgentInboxCounts {
  readonly waiting: number;
  readonly failed: number;
}

interface Row {
  readonly seq: number;
  readonly agent: string;
  readonly subject: string | null;
  readonly event: Uint8Array;
  readonly tries: number;
}

const BATCH = 100;
/** So often an event is tried before it is set aside for a longer while. */
const TRIES = 5;
const RETRY = seconds(5);
/** What stood in the way of an event that was set aside may have been mended meanwhile. */
const RETRY_FAILED = hours(1);

export function createAgentInbox(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly sealer: Sealer;
  /** What the event means; inside a transaction. A failure or a throw keeps the event. */
  readonly apply: (agent: string, event: CloudEvent) => Failure | undefined;
  readonly onFault: (error: unknown, event?: { readonly agent: string; readonly seq: number }) => void;
}): AgentInbox {
  const { db, clock, sealer, onFault } = deps;
  const insert = db.prepare('INSERT INTO agent_inbox (agent, subject, event, at) VALUES (?, ?, ?, ?)');
  const next = db.prepare<[number], Row>(
    "SELECT seq, agent, subject, event, tries FROM agent_inbox WHERE state = 'received' ORDER BY seq LIMIT ?",
  );
  const applied = db.prepare('DELETE FROM agent_inbox WHERE seq = ?');
  const setAside = db.prepare('UPDATE agent_inbox SET state = ?, tries = tries + 1, code = ? WHERE seq = ?');
  const isHeldUp = db
    .prepare<[string, string | null, number], 1>(
      "SELECT 1 FROM agent_inbox WHERE state = 'resting' AND agent = ? AND subject = ? AND seq < ? LIMIT 1",
    )
    .pluck();
  const holdUp = db.prepare("UPDATE agent_inbox SET state = 'resting' WHERE seq = ?");
  const wake = db.prepare("UPDATE agent_inbox SET state = 'received' WHERE state = 'resting'");
  const again = db.prepare("UPDATE agent_inbox SET state = 'received', tries = 0");
  const counts = db.prepare<[], AgentInboxCounts>(
    `SELECT count(*) FILTER (WHERE state <> 'failed') AS waiting, count(*) FILTER (WHERE state = 'failed') AS failed
     FROM agent_inbox`,
  );
  const purge = db.prepare("DELETE FROM agent_inbox WHERE state = 'failed' AND at < ?");
  let running = false;
  let draining = false;
  let retry: Cancel | undefined;
  let cancelFailed: Cancel = () => undefined;

  const context = (agent: string): string => `agent-inbox/${agent}`;
  const drainSoon = (): void => {
    if (draining || !running) return;
    draining = true;
    setImmediate(drain);
  };
  const retryLater = (): void => {
    retry ??= clock.after(RETRY, () => {
      retry = undefined;
      try {
        wake.run();
        drainSoon();
      } catch (error) {
        onFault(error);
        retryLater();
      }
    });
  };

  const handOn = ({ seq, agent, subject, event: sealed, tries }: Row): void => {
    if (isHeldUp.get(agent, subject, seq) !== undefined) {
      holdUp.run(seq);
      return;
    }
    try {
      transactPart(db, () => {
        const event = JSON.parse(Buffer.from(sealer.open(sealed, context(agent))).toString()) as CloudEvent;
        const failed = deps.apply(agent, event);
        if (failed) throw new FailureError(failed);
        applied.run(seq);
      });
    } catch (error) {
      // Trouble of the database, or a transaction that it has ended by itself, is not the event's fault.
      if (isOwnTrouble(error) || !db.inTransaction) throw error;
      onFault(error, { agent, seq });
      setAside.run(tries + 1 < TRIES ? 'resting' : 'failed', codeOf(error), seq);
      afterCommit(db, retryLater);
    }
  };

  const drain = (): void => {
    draining = false;
    const { open } = db;
    if (!running || !open) return;
    try {
      const handled = transact(db, () => {
        const batch = next.all(BATCH);
        for (const row of batch) handOn(row);
        return batch.length;
      });
      if (handled === BATCH) drainSoon();
    } catch (error) {
      onFault(error);
      retryLater();
    }
  };

  const tryFailed = (): void => {
    cancelFailed = clock.after(RETRY_FAILED, tryFailed);
    try {
      again.run();
      drainSoon();
    } catch (error) {
      onFault(error);
    }
  };

  return {
    put: (agent, event) => {
      insert.run(agent, event.subject, sealer.seal(Buffer.from(JSON.stringify(event)), context(agent)), clock.now());
      afterCommit(db, drainSoon);
    },
    start: () => {
      running = true;
      tryFailed();
    },
    stop: () => {
      running = false;
      cancelFailed();
      retry?.();
      retry = undefined;
    },
    counts: () => counts.get() ?? { waiting: 0, failed: 0 },
    purge: (before) => purge.run(before).changes,
  };
}

const codeOf = (error: unknown): Code => (error instanceof FailureError ? error.failure.code : 'E-AGENT-0104');
