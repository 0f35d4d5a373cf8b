import { createHash } from 'node:crypto';
import type { Clock, EpochMs } from '@hallhub/sync/base';
import { seconds } from '@hallhub/sync/base';
import type { Db, SchemaComponent } from '@hallhub/sync/sqlite';
import { isOwnTrouble, transact } from '@hallhub/sync/sqlite';
import { z } from 'zod';

export const busSchema: SchemaComponent = {
  component: 'bus',
  migrations: [
    {
      name: 'inbox',
      sql: `
        CREATE TABLE bus_inbox (
          seq INTEGER PRIMARY KEY,
          device_id TEXT NOT NULL,
          event_id TEXT NOT NULL,
          topic TEXT NOT NULL,
          payload BLOB NOT NULL,
          at INTEGER NOT NULL,
          state TEXT NOT NULL DEFAULT 'new',
          UNIQUE (device_id, event_id)
        ) STRICT;
        CREATE INDEX bus_inbox_new ON bus_inbox (seq) WHERE state = 'new';`,
    },
  ],
};

/** What a device says, whatever it is about. `id` is the device's own and makes a second delivery recognisable. */
export const busEventSchema = z.object({
  id: z.string().min(1).max(64),
  at: z.number().optional(),
  type: z.string().max(64),
  data: z.unknown(),
});
export type BusEvent = z.infer<typeof busEventSchema>;

export interface InboxMessage {
  readonly seq: number;
  readonly deviceId: string;
  readonly eventId: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly at: EpochMs;
}

type Settled = (error?: Error) => void;

interface Waiting {
  readonly deviceId: string;
  readonly topic: string;
  readonly payload: Buffer;
  readonly settled: Settled;
}

/**
 * Where messages from devices come to rest before they are acknowledged. Everything that arrives in one turn of the event
 * loop is one commit: durable for each, at a price that falls as the load grows.
 */
export interface Inbox {
  /** Calls `settled` when the message is on the disk (or was there already), with an error when it could not be put there. */
  take(message: Omit<Waiting, 'settled'>, settled: Settled): void;
  /** Whom new messages are handed to, in order, inside a transaction that also marks them done. One consumer. */
  consume(handler: (message: InboxMessage) => void): void;
  /** Hands on what an earlier process left. */
  resume(): void;
  counts(): { readonly waiting: number; readonly failed: number };
  /** Forgets handled messages older than `before`; after that a repeat of them would count again. */
  purge(before: EpochMs): number;
}

const BATCH = 200;
const RETRY = seconds(5);

export function createInbox({
  db,
  clock,
  onFault,
}: {
  readonly db: Db;
  readonly clock: Clock;
  readonly onFault: (error: unknown, seq?: number) => void;
}): Inbox {
  const insert = db.prepare(
    'INSERT INTO bus_inbox (device_id, event_id, topic, payload, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const next = db.prepare<[number], InboxMessage>(
    `SELECT seq, device_id AS deviceId, event_id AS eventId, topic, payload, at FROM bus_inbox WHERE state = 'new' ORDER BY seq LIMIT ?`,
  );
  const mark = db.prepare('UPDATE bus_inbox SET state = ? WHERE seq = ?');
  const purge = db.prepare("DELETE FROM bus_inbox WHERE state <> 'new' AND at < ?");
  const count = db.prepare<[], { waiting: number; failed: number }>(
    "SELECT count(*) FILTER (WHERE state = 'new') AS waiting, count(*) FILTER (WHERE state = 'failed') AS failed FROM bus_inbox",
  );
  let queue: Waiting[] = [];
  let handler: ((message: InboxMessage) => void) | undefined;
  let draining = false;

  const flush = (): void => {
    const batch = queue;
    queue = [];
    try {
      transact(db, () => {
        const now = clock.now();
        for (const { deviceId, topic, payload } of batch) insert.run(deviceId, eventIdOf(payload), topic, payload, now);
      });
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      onFault(error);
      for (const { settled } of batch) settled(error);
      return;
    }
    for (const { settled } of batch) settled();
    drainSoon();
  };

  const drainSoon = (): void => {
    if (draining || !handler) return;
    draining = true;
    setImmediate(drain);
  };

  const drain = (): void => {
    draining = false;
    const { open } = db;
    const handle = handler;
    if (!handle || !open) return;
    const batch = next.all(BATCH);
    const done = batch.every((message) => handOn(handle, message));
    if (!done) clock.after(RETRY, drainSoon);
    else if (batch.length === BATCH) drainSoon();
  };

  /**
   * Hands on one message. One that cannot be handled is set aside and does not stop those behind it; trouble of the database
   * itself (a full disk) is not the message's fault: it stays where it is. False: try again later.
   */
  const handOn = (handle: (message: InboxMessage) => void, message: InboxMessage): boolean => {
    try {
      transact(db, () => {
        handle(message);
        mark.run('done', message.seq);
      });
      return true;
    } catch (error) {
      onFault(error, message.seq);
      return !isOwnTrouble(error) && setAside(message.seq);
    }
  };

  const setAside = (seq: number): boolean => {
    try {
      mark.run('failed', seq);
      return true;
    } catch (error) {
      onFault(error, seq);
      return false;
    }
  };

  return {
    take: (message, settled) => {
      if (queue.length === 0) setImmediate(flush);
      queue.push({ ...message, settled });
    },
    consume: (next) => {
      handler = next;
    },
    resume: drainSoon,
    counts: () => count.get() ?? { waiting: 0, failed: 0 },
    purge: (before) => purge.run(before).changes,
  };
}

/** The device's own id of the event; for a payload that has none, its hash, so that a repeat is still a repeat. */
function eventIdOf(payload: Buffer): string {
  const id = /^\s*\{\s*"id"\s*:\s*"([^"\\]{1,64})"/.exec(payload.toString('latin1', 0, 200))?.[1];
  return id ?? `sha256:${createHash('sha256').update(payload).digest('hex').slice(0, 32)}`;
}
