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
  ],
};

interface Sender {
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
  /** How far a sender has come, and what of it after `after` stands rejected. */
  position(sender: Sender, after: number): Answers;
  /** Forgets events that were dealt with before `before`; the senders' positions still know that they were. */
  purge(before: EpochMs): number;
}

/**
 * The receiving end of an outbox. `handle` writes what an event means, in the receiver's transaction; a failure rejects
 * the event. An event that comes again is answered `duplicate` and not handled.
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
  const byId = db.prepare<[string, string], { rejected: string | null }>(
    // A dead letter that was sent again stands here twice; that it was accepted counts.
    'SELECT rejected FROM received_event WHERE sender = ? AND id = ? ORDER BY rejected IS NOT NULL LIMIT 1',
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
    `INSERT INTO received_position (sender, epoch, contiguous) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET epoch = excluded.epoch, contiguous = excluded.contiguous`,
  );
  const rejectedAfter = db.prepare<[string, number, number], { id: string; rejected: string; reason: string }>(
    `SELECT id, rejected, reason FROM received_event
     WHERE sender = ? AND epoch = ? AND sequence > ? AND rejected IS NOT NULL ORDER BY sequence LIMIT 1000`,
  );
  const forget = db.prepare(
    `DELETE FROM received_event WHERE at < ? AND rejected IS NULL AND EXISTS (
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
      const id = typeof raw === 'object' && raw !== null && 'id' in raw ? raw.id : undefined;
      return typeof id === 'string'
        ? { id, status: 'rejected', code: 'invalid-event', reason: whereWrong(parsed.error) }
        : undefined;
    }
    const event = parsed.data;
    const { id, hubsequence: sequence } = event;
    if (isFenced(sender)) return { id, status: 'rejected', code: 'epoch-fenced', reason: 'a higher epoch has begun' };
    const known = byId.get(sender.name, id);
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

  const advance = (sender: Sender): number => {
    let contiguous = contiguousOf(sender);
    while (holder.get(sender.name, sender.epoch, contiguous + 1)) contiguous += 1;
    if (!isFenced(sender)) setStanding.run(sender.name, sender.epoch, contiguous);
    return contiguous;
  };

  return {
    take: (sender, events) =>
      transact(db, () => {
        const answers = events.map((event) => takeOne(sender, event)).filter((answer) => answer !== undefined);
        return { answers, highestContiguous: advance(sender) };
      }),
    position: (sender, after) => ({
      answers: rejectedAfter
        .all(sender.name, sender.epoch, after)
        .map(({ id, rejected, reason }) => ({ id, status: 'rejected', code: rejected, reason })),
      highestContiguous: contiguousOf(sender),
    }),
    purge: (before) => forget.run(before).changes,
  };
}
