import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Link, SignedLink } from '../custody/link.ts';

interface LinkRow {
  readonly position: number;
  readonly hash: string;
  readonly signed: string;
}

export interface Position {
  readonly hub: string;
  readonly incarnation: number;
  readonly seq: number;
  readonly hash: string;
}

export type Subject = 'item' | 'bag' | 'manifest';

export type ChainStore = ReturnType<typeof chainStore>;

/** The SQL of the chain. */
export function chainStore(db: Db) {
  const insert = db.prepare(
    `INSERT INTO custody_link (hub, incarnation, seq, hash, order_id, at, received_at, signed)
     VALUES (@hub, @incarnation, @seq, @hash, @order, @at, @receivedAt, @signed)`,
  );
  const addSubject = db.prepare('INSERT INTO custody_subject (kind, subject, position) VALUES (?, ?, ?)');
  const head = db.prepare<[string, number], Position>(
    `SELECT hub, incarnation, seq, hash FROM custody_link WHERE hub = ? AND incarnation = ? ORDER BY seq DESC LIMIT 1`,
  );
  const heads = db.prepare<[], Position>(
    `SELECT hub, incarnation, max(seq) AS seq, hash FROM custody_link GROUP BY hub, incarnation ORDER BY hub, incarnation`,
  );
  const at = db.prepare<[string, number, number], LinkRow>(
    'SELECT position, hash, signed FROM custody_link WHERE hub = ? AND incarnation = ? AND seq = ?',
  );
  const ordered = db.prepare<[string, string], LinkRow>(
    'SELECT position, hash, signed FROM custody_link WHERE hub = ? AND order_id = ?',
  );
  const naming = db.prepare<[Subject, string], LinkRow>(
    `SELECT l.position, l.hash, l.signed FROM custody_subject s CROSS JOIN custody_link l ON l.position = s.position
     WHERE s.kind = ? AND s.subject = ? ORDER BY s.position`,
  );
  const after = db.prepare<[number, number], LinkRow>(
    'SELECT position, hash, signed FROM custody_link WHERE position > ? ORDER BY position LIMIT ?',
  );
  const last = db.prepare<[], number>('SELECT coalesce(max(position), 0) FROM custody_link').pluck();
  const addFork = db.prepare(
    `INSERT INTO custody_fork (hash, hub, incarnation, seq, received_at, signed) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const forks = db.prepare<[], number>('SELECT count(*) FROM custody_fork').pluck();

  // What was written here had been checked.
  const read = ({ signed }: LinkRow): SignedLink => JSON.parse(signed) as SignedLink;
  return {
    /** @throws when a link before it is missing: that is a bug of the caller. */
    add: (signed: SignedLink, subjects: readonly (readonly [Subject, string])[], receivedAt: EpochMs): number => {
      const { hub, incarnation, seq, order, at: when } = signed.link;
      const row = { hub, incarnation, seq, order, at: when, hash: signed.hash, receivedAt };
      const position = Number(insert.run({ ...row, signed: JSON.stringify(signed) }).lastInsertRowid);
      for (const [kind, subject] of subjects) addSubject.run(kind, subject, position);
      return position;
    },
    /** The newest link of a writer. */
    head: (hub: string, incarnation: number): Position | undefined => head.get(hub, incarnation),
    heads: (): readonly Position[] => heads.all(),
    at: (hub: string, incarnation: number, seq: number): SignedLink | undefined => {
      const row = at.get(hub, incarnation, seq);
      return row && read(row);
    },
    ordered: (hub: string, order: string): SignedLink | undefined => {
      const row = ordered.get(hub, order);
      return row && read(row);
    },
    /** In the order in which this hub came to know them. */
    naming: (kind: Subject, subject: string): readonly Link[] => naming.all(kind, subject).map((row) => read(row).link),
    signedNaming: (kind: Subject, subject: string): readonly SignedLink[] => naming.all(kind, subject).map(read),
    after: (position: number, most: number): readonly (SignedLink & { readonly position: number })[] =>
      after.all(position, most).map((row) => ({ ...read(row), position: row.position })),
    last: (): number => last.get() ?? 0,
    addFork: (signed: SignedLink, receivedAt: EpochMs): void => {
      const { hub, incarnation, seq } = signed.link;
      addFork.run(signed.hash, hub, incarnation, seq, receivedAt, JSON.stringify(signed));
    },
    forks: (): number => forks.get() ?? 0,
  };
}
