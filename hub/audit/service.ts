import type { Clock, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { AuditEntry } from './chain.ts';
import { GENESIS, link } from './chain.ts';

export interface AuditRecord {
  /** `staff:<id>`, `hub`, `device:<id>`. */
  readonly actor: string;
  /** `<area>.<verb>`: `staff.login`, `gate.look`, `print.resolve`. */
  readonly action: string;
  /** What it was done to: `request:<id>`, `account:<id>`. */
  readonly subject: string;
  /** Codes, ids and counts; no personal data. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

export type AuditRow = AuditEntry & { readonly hash: string };

export interface Audit {
  /** Joins the caller's transaction: what was done and that it was done are one commit. */
  record(record: AuditRecord): void;
  /** Newest first. */
  list(options: { readonly limit: number; readonly before?: number }): readonly AuditRow[];
  /** Walks the whole chain. Errors: `E-AUDIT-0101` with the number of the first entry that does not fit. */
  verify(): Result<{ readonly entries: number; readonly head: string }>;
}

interface Row extends AuditEntry {
  readonly previous: Uint8Array;
  readonly hash: Uint8Array;
}

export function createAudit({ db, clock }: { readonly db: Db; readonly clock: Clock }): Audit {
  const last = db.prepare<[], { seq: number; hash: Uint8Array }>(
    'SELECT seq, hash FROM audit_entry ORDER BY seq DESC LIMIT 1',
  );
  const insert = db.prepare(
    'INSERT INTO audit_entry (seq, at, actor, action, subject, detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const page = db.prepare<[number, number], Row>('SELECT * FROM audit_entry WHERE seq < ? ORDER BY seq DESC LIMIT ?');
  const all = db.prepare<[], Row>('SELECT * FROM audit_entry ORDER BY seq');
  return {
    record: ({ actor, action, subject, detail = {} }) => {
      transact(db, () => {
        const head = last.get();
        const entry: AuditEntry = {
          seq: (head?.seq ?? 0) + 1,
          at: clock.now(),
          actor,
          action,
          subject,
          detail: JSON.stringify(detail),
        };
        const previous = head?.hash ?? GENESIS;
        insert.run(entry.seq, entry.at, actor, action, subject, entry.detail, previous, link(previous, entry));
      });
    },
    list: ({ limit, before = Number.MAX_SAFE_INTEGER }) =>
      page.all(before, limit).map(({ seq, at, actor, action, subject, detail, hash }) => ({
        seq,
        at,
        actor,
        action,
        subject,
        detail,
        hash: Buffer.from(hash).toString('hex'),
      })),
    verify: () => {
      let previous: Uint8Array = GENESIS;
      let count = 0;
      for (const row of all.iterate()) {
        count++;
        const expected = link(row.previous, row);
        if (row.seq !== count || !expected.equals(row.hash) || Buffer.compare(previous, row.previous) !== 0) {
          return failure('E-AUDIT-0101', `entry ${count}`);
        }
        previous = row.hash;
      }
      return ok({ entries: count, head: Buffer.from(previous).toString('hex') });
    },
  };
}
