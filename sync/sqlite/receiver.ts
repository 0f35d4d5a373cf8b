import { z } from 'zod';
import type { Clock, EpochMs, Failure } from '../base/index.ts';
import { FailureError } from '../base/index.ts';
import type { CloudEvent, EventAnswer } from '../contract/index.ts';
import { cloudEventSchema, whereWrong } from '../contract/index.ts';
import type { SchemaComponent } from './migrate.ts';
import type { Db } from './open.ts';
import { isOwnTrouble } from './open.ts';
import { transact, transactPart } from './transaction.ts';

/** Where events from many senders are remembered, so that each counts once. */
export const receiverSchema: SchemaComponent = {
  component: 'receiver',
  migrations: [
    {
      name: 'received events',
      sql: `
        CREATE TABLE received_event (
          sender TEXT NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, id TEXT NOT NULL,
          rejected TEXT, reason TEXT, at INTEGER NOT NULL,
          PRIMARY KEY (sender, epoch, sequence)) STRICT, WITHOUT ROWID;
        CREATE INDEX received_event_id ON received_event (sender, id);
        CREATE TABLE received_position (
          sender TEXT PRIMARY KEY, epoch INTEGER NOT NULL, contiguous INTEGER NOT NULL) STRICT, WITHOUT ROWID;`,
    },
    {
      name: 'senders of one origin',
      sql: `
        ALTER TABLE received_position ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
        DROP INDEX received_event_id;
        CREATE INDEX received_event_by_id ON received_event (id);`,
    },
  ],
};

/** Of a machine with more databases than this, those that were used longest ago are forgotten. */
const MOST_STORES = 16;

const originOf = (name: string): string => name.split('/', 1)[0] ?? name;

/** As much of an event that is none as it takes to refuse it by name. */
const numberedSchema = z.object({ id: z.string().max(200), hubsequence: z.int().min(1).optional().catch(undefined) });

interface Sender {
  /** `{origin}/{store}`: one machine, and the database of it that numbers the events. */
  readonly name: string;
  readonly epoch: number;
}

interface Answers {
  readonly answers: readonly EventAnswer[];
  readonly highestContiguous: number;
}

export interface SqliteReceiver {
  /** Deals with a batch in one transaction; an event that `handle` refuses is rejected for good, the others stand. */
  take(sender: Sender, events: readonly unknown[]): Answers;
  /**
   * How far a sender has come, and what of it after `after` stands rejected. Of what came up to `after` the sender wants to
   * hear nothing any more: what is missing there was never sent.
   */
  position(sender: Sender, after: number): Answers;
  /** Forgets events, refused ones too, that came before `before`; the senders' positions still know that they did. */
  purge(before: EpochMs): number;
}

/**
 * The receiving end of an outbox. `handle` writes what an event means, in the receiver's transaction; a failure rejects
 * the event. An event that comes again is answered `duplicate` and not handled, also when another store of the same origin
 * sends it: a machine whose disk was put back to an older state goes on as another sender and may repeat itself.
 *
 * A higher epoch of a sender begins a new sequence; a lower one is answered by rejecting everything (`epoch-fenced`).
 */
export function sqliteReceiver(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly handle: (sender: string, event: CloudEvent) => Failure | undefined;
  /** A handler that threw: a bug, for the log. Its event is rejected. */
  readonly fault: (error: unknown) => void;
}): SqliteReceiver {
  const { db, clock } = deps;
  const byId = db.prepare<[string], { sender: string; rejected: string | null }>(
    // A dead letter that was sent again stands here twice; that it was accepted counts.
    'SELECT sender, rejected FROM received_event WHERE id = ? ORDER BY rejected IS NOT NULL',
  );
  const put = db.prepare(
    `INSERT INTO received_event (sender, epoch, sequence, id, rejected, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (sender, epoch, sequence) DO UPDATE SET rejected = excluded.rejected, reason = excluded.reason`,
  );
  const holder = db.prepare<[string, number, number], { id: string }>(
    'SELECT id FROM received_event WHERE sender = ? AND epoch = ? AND sequence = ?',
  );
  const standing = db.prepare<[string], { epoch: number; contiguous: number }>(
    'SELECT epoch, contiguous FROM received_position WHERE sender = ?',
  );
  const setStanding = db.prepare(
    `INSERT INTO received_position (sender, epoch, contiguous, used_at) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET epoch = excluded.epoch, contiguous = excluded.contiguous, used_at = excluded.used_at`,
  );
  const stores = db.prepare<[string, string], { sender: string }>(
    // '0' follows '/': all names that begin with the origin and a slash.
    `SELECT sender FROM received_position WHERE sender > ? || '/' AND sender < ? || '0' ORDER BY used_at DESC, sender`,
  );
  const dropPosition = db.prepare('DELETE FROM received_position WHERE sender = ?');
  const dropEvents = db.prepare('DELETE FROM received_event WHERE sender = ?');
  const rejectedAfter = db.prepare<[string, number, number], { id: string; rejected: string; reason: string }>(
    `SELECT id, rejected, reason FROM received_event
     WHERE sender = ? AND epoch = ? AND sequence > ? AND rejected IS NOT NULL ORDER BY sequence LIMIT 1000`,
  );
  const forget = db.prepare(
    `DELETE FROM received_event WHERE at < ? AND EXISTS (
       SELECT 1 FROM received_position AS p
       WHERE p.sender = received_event.sender
         AND (p.epoch > received_event.epoch OR (p.epoch = received_event.epoch AND p.contiguous >= sequence)))`,
  );

  const contiguousOf = ({ name, epoch }: Sender): number => {
    const row = standing.get(name);
    return row?.epoch === epoch ? row.contiguous : 0;
  };
  const isFenced = ({ name, epoch }: Sender): boolean => (standing.get(name)?.epoch ?? 0) > epoch;

  const handle = (sender: Sender, event: CloudEvent): Failure | undefined => {
    try {
      // What a refused event wrote is undone, what the others wrote stands.
      transactPart(db, () => {
        const refused = deps.handle(sender.name, event);
        if (refused) throw new FailureError(refused);
      });
      return undefined;
    } catch (error) {
      if (error instanceof FailureError) return error.failure;
      if (isOwnTrouble(error)) throw error;
      deps.fault(error);
      return { code: 'E-SYNC-0301', detail: 'the receiver failed' };
    }
  };

  const takeOne = (sender: Sender, raw: unknown): EventAnswer | undefined => {
    const parsed = cloudEventSchema.safeParse(raw);
    if (!parsed.success) {
      const numbered = numberedSchema.safeParse(raw);
      if (!numbered.success) return undefined;
      const { id, hubsequence } = numbered.data;
      const reason = whereWrong(parsed.error);
      // On record, so that the sequence has no gap there for ever.
      if (hubsequence !== undefined && !isFenced(sender) && !holder.get(sender.name, sender.epoch, hubsequence)) {
        put.run(sender.name, sender.epoch, hubsequence, id, 'invalid-event', reason, clock.now());
      }
      return { id, status: 'rejected', code: 'invalid-event', reason };
    }
    const event = parsed.data;
    const { id, hubsequence: sequence } = event;
    if (isFenced(sender)) return { id, status: 'rejected', code: 'epoch-fenced', reason: 'a higher epoch has begun' };
    const known = byId.all(id).find((row) => originOf(row.sender) === originOf(sender.name));
    if (known?.rejected === null) return { id, status: 'duplicate' };
    const other = holder.get(sender.name, sender.epoch, sequence);
    if (other && other.id !== id) {
      // A sender whose disk was put back to yesterday: what is new must not pass for what was had already.
      return { id, status: 'rejected', code: 'sequence-reused', reason: 'another event came with this sequence' };
    }
    if (!known && sequence <= contiguousOf(sender)) return { id, status: 'duplicate' };
    const refused = handle(sender, event);
    put.run(
      sender.name,
      sender.epoch,
      sequence,
      id,
      refused?.code ?? null,
      refused?.detail ?? (refused ? '' : null),
      clock.now(),
    );
    return refused
      ? { id, status: 'rejected', code: refused.code, reason: refused.detail ?? '' }
      : { id, status: 'accepted' };
  };

  const advance = (sender: Sender, settled = 0): number => {
    let contiguous = Math.max(contiguousOf(sender), settled);
    while (holder.get(sender.name, sender.epoch, contiguous + 1)) contiguous += 1;
    if (isFenced(sender)) return contiguous;
    const isNew = !standing.get(sender.name);
    setStanding.run(sender.name, sender.epoch, contiguous, clock.now());
    if (isNew) forgetStores(originOf(sender.name));
    return contiguous;
  };
  const forgetStores = (origin: string): void => {
    for (const { sender } of stores.all(origin, origin).slice(MOST_STORES)) {
      dropEvents.run(sender);
      dropPosition.run(sender);
    }
  };

  return {
    take: (sender, events) =>
      transact(db, () => {
        const answers = events.map((event) => takeOne(sender, event)).filter((answer) => answer !== undefined);
        return { answers, highestContiguous: advance(sender) };
      }),
    position: (sender, after) =>
      transact(db, () => ({
        answers: rejectedAfter
          .all(sender.name, sender.epoch, after)
          .map(({ id, rejected, reason }) => ({ id, status: 'rejected', code: rejected, reason })),
        highestContiguous: advance(sender, after),
      })),
    purge: (before) => forget.run(before).changes,
  };
}
