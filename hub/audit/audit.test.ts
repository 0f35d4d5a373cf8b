import { manualClock } from '@hallhub/sync/base';
import { migrate, openDatabase, transact } from '@hallhub/sync/sqlite';
import { describe, expect, it } from 'vitest';
import { auditSchema, createAudit } from './index.ts';

function setUp() {
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [auditSchema] });
  const audit = createAudit({ db, clock: manualClock() });
  for (let index = 1; index <= 5; index++)
    audit.record({ actor: 'staff:1', action: 'gate.look', subject: `entry:${index}`, detail: { n: index } });
  return { db, audit };
}

describe('audit chain', () => {
  it('holds as written, newest first', () => {
    const { audit } = setUp();
    expect(audit.verify()).toMatchObject({ ok: true, value: { entries: 5 } });
    expect(audit.list({ limit: 2 }).map((row) => row.seq)).toEqual([5, 4]);
  });

  it.each([
    ['changed', "UPDATE audit_entry SET actor = 'staff:2' WHERE seq = 3", 'entry 3'],
    ['taken out', 'DELETE FROM audit_entry WHERE seq = 2', 'entry 2'],
    ['re-hashed alone', 'UPDATE audit_entry SET hash = zeroblob(32) WHERE seq = 4', 'entry 4'],
    ['swapped', 'UPDATE audit_entry SET seq = seq + 100; UPDATE audit_entry SET seq = 106 - seq', 'entry 1'],
  ])('shows an entry that was %s', (_, sql, detail) => {
    const { db, audit } = setUp();
    db.exec(sql);
    expect(audit.verify()).toEqual({ ok: false, error: { code: 'E-AUDIT-0101', detail } });
  });

  it('goes with the transaction that it describes', () => {
    const { db, audit } = setUp();
    expect(() => {
      transact(db, () => {
        audit.record({ actor: 'hub', action: 'x.y', subject: 'z' });
        throw new Error('no');
      });
    }).toThrow('no');
    expect(audit.verify()).toMatchObject({ ok: true, value: { entries: 5 } });
  });
});
