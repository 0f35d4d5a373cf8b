import type { Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok, uuidv7 } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/index.ts';
import { canonical, digest } from './custody/signing.ts';

export interface Form {
  readonly form: string;
  readonly type: string;
  readonly at: EpochMs;
  readonly sure: 0 | 1;
  readonly outcome: 'collected' | 'missing' | 'returned' | null;
}

export interface Batch {
  readonly id: string;
  readonly cabinet: string;
  readonly begunAt: EpochMs;
  readonly endedAt: EpochMs | null;
  /** SHA-256 of what was in it when it was closed. */
  readonly manifest: string | null;
  readonly counted: number | null;
  readonly forms: readonly Form[];
}

/** Reimbursement forms that were handed in at a drop-box: one form, one bag, one scan; a batch from one emptying to the next. */
export interface Forms {
  /** Errors: `E-CUST-0803` it was handed in before. A form that was given back may come again. */
  accept(what: { cabinet: string; form: string; type: string; sure: boolean; at: EpochMs }): Result<void>;
  /** The batch that a cabinet fills now. */
  open(cabinet: string): Batch;
  batches(cabinet: string, most: number): readonly Batch[];
  /** Closes the batch and freezes its manifest. Errors: `E-CUST-0801`, `E-CUST-0802`. */
  close(batch: string, by: string): Result<Batch>;
  /** Finance has counted it: what was scanned is collected, the rest missing. Errors: `E-CUST-0801`. */
  count(batch: string, forms: readonly string[], by: string): Result<Batch & { readonly over: readonly string[] }>;
  /** It goes back to whoever handed it in, and may then come again. Errors: `E-CUST-0801`. */
  giveBack(form: string, by: string): Result<void>;
}

export function createForms(deps: {
  readonly db: Db;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: RandomBytes;
  readonly audit: Pick<Audit, 'record'>;
}): Forms {
  const { db, clock, audit } = deps;
  const COLUMNS = 'id, cabinet, begun_at AS begunAt, ended_at AS endedAt, manifest, counted';
  const insert = db.prepare('INSERT INTO locker_batch (id, cabinet, begun_at) VALUES (?, ?, ?)');
  const byId = db.prepare<[string], Omit<Batch, 'forms'>>(`SELECT ${COLUMNS} FROM locker_batch WHERE id = ?`);
  const opened = db.prepare<[string], Omit<Batch, 'forms'>>(
    `SELECT ${COLUMNS} FROM locker_batch WHERE cabinet = ? AND ended_at IS NULL`,
  );
  const list = db.prepare<[string, number], Omit<Batch, 'forms'>>(
    `SELECT ${COLUMNS} FROM locker_batch WHERE cabinet = ? ORDER BY begun_at DESC, id DESC LIMIT ?`,
  );
  const close = db.prepare('UPDATE locker_batch SET ended_at = ?, manifest = ? WHERE id = ?');
  const setCounted = db.prepare('UPDATE locker_batch SET counted = ? WHERE id = ?');
  const forms = db.prepare<[string], Form>(
    'SELECT form, type, at, sure, outcome FROM locker_form WHERE batch = ? ORDER BY at, form',
  );
  const put = db.prepare(
    `INSERT INTO locker_form (form, batch, type, at, sure) VALUES (@form, @batch, @type, @at, @sure)
     ON CONFLICT (form) DO UPDATE SET batch = excluded.batch, type = excluded.type, at = excluded.at, sure = excluded.sure, outcome = NULL
       WHERE locker_form.outcome = 'returned'`,
  );
  const setOutcome = db.prepare('UPDATE locker_form SET outcome = ? WHERE form = ?');

  const whole = (row: Omit<Batch, 'forms'>): Batch => ({ ...row, forms: forms.all(row.id) });
  const open = (cabinet: string): Batch => {
    const row = opened.get(cabinet);
    if (row) return whole(row);
    const now = clock.now();
    insert.run(uuidv7(now, deps.random), cabinet, now);
    return open(cabinet);
  };
  const get = (id: string): Result<Batch> => {
    const row = byId.get(id);
    return row ? ok(whole(row)) : failure('E-CUST-0801', id);
  };
  return {
    open: (cabinet) => transact(db, () => open(cabinet)),
    batches: (cabinet, most) => list.all(cabinet, most).map(whole),
    accept: ({ cabinet, form, type, sure, at }) =>
      transact(db, () => {
        const batch = open(cabinet).id;
        const { changes } = put.run({ form, batch, type, at, sure: sure ? 1 : 0 });
        return changes > 0 ? ok() : failure('E-CUST-0803', form);
      }),
    close: (id, by) =>
      transact(db, () => {
        const batch = get(id);
        if (!batch.ok) return batch;
        if (batch.value.endedAt !== null) return failure('E-CUST-0802', id);
        const inside = batch.value.forms.map(({ form, type, at }) => ({ form, type, at }));
        const manifest = digest(canonical({ batch: id, cabinet: batch.value.cabinet, forms: inside }));
        close.run(clock.now(), manifest, id);
        audit.record({
          actor: by,
          action: 'lockers.batch-close',
          subject: `batch:${id}`,
          detail: { forms: inside.length },
        });
        return get(id);
      }),
    count: (id, scanned, by) =>
      transact(db, () => {
        const batch = get(id);
        if (!batch.ok) return batch;
        if (batch.value.endedAt === null) return failure('E-CUST-0801', id);
        const there = new Set(scanned);
        for (const { form, outcome } of batch.value.forms)
          if (outcome !== 'returned') setOutcome.run(there.has(form) ? 'collected' : 'missing', form);
        setCounted.run(there.size, id);
        const known = new Set(batch.value.forms.map(({ form }) => form));
        const over = [...there].filter((form) => !known.has(form));
        const missing = batch.value.forms.filter(({ form }) => !there.has(form)).length;
        audit.record({
          ...{ actor: by, action: 'lockers.batch-count', subject: `batch:${id}` },
          detail: { counted: there.size, missing, over: over.length },
        });
        const after = get(id);
        return after.ok ? ok({ ...after.value, over }) : after;
      }),
    giveBack: (form, by) =>
      transact(db, () => {
        if (setOutcome.run('returned', form).changes === 0) return failure('E-CUST-0801', form);
        audit.record({ actor: by, action: 'lockers.form-back', subject: `form:${form}` });
        return ok();
      }),
  };
}
