import type { EpochMs } from '../base/index.ts';
import { epochMs } from '../base/index.ts';
import type { DeadLetter, OutboxCounts, OutboxEvent, OutboxStore } from '../outbox/index.ts';
import type { SchemaComponent } from './migrate.ts';
import type { Db } from './open.ts';
import { transact } from './transaction.ts';
import type { Sealer } from './sealer.ts';

/** Tables of every outbox in a database. */
export const outboxSchema: SchemaComponent = {
  component: 'outbox',
  migrations: [
    {
      name: 'outbox tables',
      sql: `
        CREATE TABLE outbox_state (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, last_sequence INTEGER NOT NULL) STRICT;
        CREATE TABLE outbox_event (
          name TEXT NOT NULL, sequence INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL,
          time INTEGER NOT NULL, data BLOB NOT NULL, attempts INTEGER NOT NULL, retry_at INTEGER NOT NULL,
          PRIMARY KEY (name, sequence)) STRICT;
        CREATE UNIQUE INDEX outbox_event_id ON outbox_event (name, id);
        CREATE INDEX outbox_event_subject ON outbox_event (name, subject, sequence);
        CREATE TABLE outbox_dead (
          name TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL, time INTEGER NOT NULL,
          data BLOB NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, rejected_at INTEGER NOT NULL,
          PRIMARY KEY (name, id)) STRICT;
        CREATE TABLE outbox_file (
          name TEXT NOT NULL, sha256 TEXT NOT NULL, media_type TEXT NOT NULL, bytes BLOB NOT NULL,
          PRIMARY KEY (name, sha256)) STRICT;
        CREATE TABLE outbox_event_file (
          name TEXT NOT NULL, event TEXT NOT NULL, sha256 TEXT NOT NULL,
          PRIMARY KEY (name, event, sha256)) STRICT, WITHOUT ROWID;
        CREATE INDEX outbox_event_file_sha256 ON outbox_event_file (name, sha256);`,
    },
  ],
};

export interface SqliteOutboxStoreOptions {
  readonly db: Db;
  /** Which outbox of this database, for example `hall`. */
  readonly name: string;
  readonly sealer: Sealer;
}

interface EventRow {
  readonly sequence: number;
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly time: number;
  readonly data: Buffer;
  readonly attempts: number;
}

interface DeadRow {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly time: number;
  readonly data: Buffer;
  readonly code: string;
  readonly reason: string;
  readonly rejected_at: number;
}

const instantOrNull = (value: number | null | undefined): EpochMs | null =>
  value === null || value === undefined ? null : epochMs(value);

/** {@link OutboxStore} over the tables of {@link outboxSchema}. */
export function sqliteOutboxStore({ db, name, sealer }: SqliteOutboxStoreOptions): OutboxStore {
  const sql = statements(db);
  const context = (id: string): string => `outbox:${name}:${id}`;

  const nextSequence = (): number => {
    const row = sql.next.get(name);
    if (!row) throw new Error('an outbox must adopt its epoch before it takes events');
    return row.last_sequence;
  };
  const dropFiles = (event: string): void => {
    const files = sql.filesOf.all(name, event);
    if (files.length === 0) return;
    sql.unlink.run(name, event);
    for (const { sha256 } of files) sql.dropFile.run(name, sha256, name, sha256);
  };
  const toEvent = (row: EventRow): OutboxEvent => ({
    sequence: row.sequence,
    id: row.id,
    type: row.type,
    subject: row.subject,
    time: epochMs(row.time),
    data: Buffer.from(sealer.open(row.data, context(row.id))).toString(),
    attempts: row.attempts,
    attachments: sql.filesOf.all(name, row.id).map(({ sha256 }) => sha256),
  });

  return {
    transaction: (work) => transact(db, work),

    adopt: (epoch) => {
      transact(db, () => {
        const before = sql.epoch.get(name)?.epoch ?? 0;
        if (epoch < before) throw new RangeError(`epoch ${epoch} is lower than ${before}, which this outbox has used`);
        if (epoch === before) return;
        // Two steps, because a number may be taken by a row that has not been renumbered yet.
        const waiting = sql.sequences.all(name);
        for (const { sequence } of waiting) sql.renumber.run(-sequence, name, sequence);
        waiting.forEach(({ sequence }, index) => sql.renumber.run(index + 1, name, -sequence));
        sql.adopt.run(name, epoch, waiting.length);
      });
    },

    append: (event, files) =>
      transact(db, () => {
        const sequence = nextSequence();
        const sealed = sealer.seal(Buffer.from(event.data), context(event.id));
        sql.append.run(name, sequence, event.id, event.type, event.subject, event.time, sealed);
        for (const file of files) {
          sql.addFile.run(name, file.sha256, file.mediaType, sealer.seal(file.bytes, context(file.sha256)));
        }
        for (const sha256 of event.attachments) sql.link.run(name, event.id, sha256);
        return sequence;
      }),

    due: (now, limit) => sql.due.all(name, now, now, limit).map(toEvent),
    nextDue: (now) => instantOrNull(sql.nextDue.get(name, now)?.at),
    lowest: () => sql.lowest.get(name)?.sequence ?? null,
    sentThrough: (through) => sql.sentThrough.all(name, through).map(({ id }) => id),
    isOvertaken: (highest) => sql.overtaken.get(highest, name, highest, name)?.overtaken === 1,
    sending: (ids) => {
      transact(db, () => {
        for (const id of ids) sql.sending.run(name, id);
      });
    },

    attachment: (sha256) => {
      const row = sql.file.get(name, sha256);
      if (!row) return undefined;
      return { sha256, mediaType: row.media_type, bytes: sealer.open(row.bytes, context(sha256)) };
    },

    acknowledge: (id) =>
      transact(db, () => {
        const gone = sql.remove.run(name, id).changes > 0;
        if (gone) dropFiles(id);
        return gone;
      }),
    bury: (id, { code, reason, at }) =>
      transact(db, () => {
        if (sql.bury.run(code, reason, at, name, id).changes === 0) return false;
        sql.remove.run(name, id);
        return true;
      }),
    postpone: (id, at) => {
      sql.postpone.run(at, name, id);
    },
    hasten: () => {
      sql.hasten.run(name);
    },

    deadLetters: (limit) =>
      sql.deadLetters.all(name, limit).map((row): DeadLetter => ({
        id: row.id,
        type: row.type,
        subject: row.subject,
        time: epochMs(row.time),
        code: row.code,
        reason: row.reason,
        rejectedAt: epochMs(row.rejected_at),
      })),
    revive: (id) =>
      transact(db, () => {
        const row = sql.dead.get(name, id);
        if (!row) return false;
        sql.append.run(name, nextSequence(), row.id, row.type, row.subject, row.time, row.data);
        sql.dropDead.run(name, id);
        return true;
      }),
    discard: (id) =>
      transact(db, () => {
        const gone = sql.dropDead.run(name, id).changes > 0;
        if (gone) dropFiles(id);
        return gone;
      }),
    counts: (): OutboxCounts => {
      const row = sql.counts.get(name, name, name);
      return {
        pending: row?.pending ?? 0,
        deadLetters: row?.dead ?? 0,
        oldest: instantOrNull(row?.oldest),
      };
    },
  };
}

function statements(db: Db) {
  const columns = 'sequence, id, type, subject, time, data, attempts';
  return {
    epoch: db.prepare<[string], { epoch: number }>('SELECT epoch FROM outbox_state WHERE name = ?'),
    adopt: db.prepare('INSERT OR REPLACE INTO outbox_state (name, epoch, last_sequence) VALUES (?, ?, ?)'),
    next: db.prepare<[string], { last_sequence: number }>(
      'UPDATE outbox_state SET last_sequence = last_sequence + 1 WHERE name = ? RETURNING last_sequence',
    ),
    sequences: db.prepare<[string], { sequence: number }>(
      'SELECT sequence FROM outbox_event WHERE name = ? ORDER BY sequence',
    ),
    renumber: db.prepare('UPDATE outbox_event SET sequence = ?, attempts = 0 WHERE name = ? AND sequence = ?'),
    append: db.prepare(
      `INSERT INTO outbox_event (name, sequence, id, type, subject, time, data, attempts, retry_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)`,
    ),
    due: db.prepare<[string, number, number, number], EventRow>(
      `SELECT ${columns} FROM outbox_event AS event
       WHERE name = ? AND retry_at <= ? AND NOT EXISTS (
         SELECT 1 FROM outbox_event AS earlier WHERE earlier.name = event.name AND earlier.subject = event.subject
           AND earlier.sequence < event.sequence AND earlier.retry_at > ?)
       ORDER BY sequence LIMIT ?`,
    ),
    nextDue: db.prepare<[string, number], { at: number | null }>(
      'SELECT min(retry_at) AS at FROM outbox_event WHERE name = ? AND retry_at > ?',
    ),
    lowest: db.prepare<[string], { sequence: number }>(
      'SELECT sequence FROM outbox_event WHERE name = ? ORDER BY sequence LIMIT 1',
    ),
    sentThrough: db.prepare<[string, number], { id: string }>(
      'SELECT id FROM outbox_event WHERE name = ? AND sequence <= ? AND attempts > 0 ORDER BY sequence',
    ),
    overtaken: db.prepare<[number, string, number, string], { overtaken: 0 | 1 }>(
      `SELECT last_sequence < ? OR EXISTS (
         SELECT 1 FROM outbox_event WHERE name = ? AND sequence <= ? AND attempts = 0) AS overtaken
       FROM outbox_state WHERE name = ?`,
    ),
    sending: db.prepare('UPDATE outbox_event SET attempts = attempts + 1 WHERE name = ? AND id = ?'),
    remove: db.prepare('DELETE FROM outbox_event WHERE name = ? AND id = ?'),
    bury: db.prepare(
      `INSERT INTO outbox_dead (name, id, type, subject, time, data, code, reason, rejected_at)
       SELECT name, id, type, subject, time, data, ?, ?, ? FROM outbox_event WHERE name = ? AND id = ?`,
    ),
    postpone: db.prepare('UPDATE outbox_event SET retry_at = ? WHERE name = ? AND id = ?'),
    hasten: db.prepare('UPDATE outbox_event SET retry_at = 0 WHERE name = ? AND retry_at > 0'),
    deadLetters: db.prepare<[string, number], DeadRow>(
      'SELECT * FROM outbox_dead WHERE name = ? ORDER BY rejected_at, id LIMIT ?',
    ),
    dead: db.prepare<[string, string], DeadRow>('SELECT * FROM outbox_dead WHERE name = ? AND id = ?'),
    dropDead: db.prepare('DELETE FROM outbox_dead WHERE name = ? AND id = ?'),
    addFile: db.prepare('INSERT OR IGNORE INTO outbox_file (name, sha256, media_type, bytes) VALUES (?, ?, ?, ?)'),
    file: db.prepare<[string, string], { media_type: string; bytes: Buffer }>(
      'SELECT media_type, bytes FROM outbox_file WHERE name = ? AND sha256 = ?',
    ),
    link: db.prepare('INSERT INTO outbox_event_file (name, event, sha256) VALUES (?, ?, ?)'),
    filesOf: db.prepare<[string, string], { sha256: string }>(
      'SELECT sha256 FROM outbox_event_file WHERE name = ? AND event = ?',
    ),
    unlink: db.prepare('DELETE FROM outbox_event_file WHERE name = ? AND event = ?'),
    dropFile: db.prepare(
      `DELETE FROM outbox_file WHERE name = ? AND sha256 = ?
       AND NOT EXISTS (SELECT 1 FROM outbox_event_file WHERE name = ? AND sha256 = ?)`,
    ),
    counts: db.prepare<[string, string, string], { pending: number; dead: number; oldest: number | null }>(
      `SELECT (SELECT count(*) FROM outbox_event WHERE name = ?) AS pending,
              (SELECT count(*) FROM outbox_dead WHERE name = ?) AS dead,
              (SELECT min(time) FROM outbox_event WHERE name = ?) AS oldest`,
    ),
  };
}
