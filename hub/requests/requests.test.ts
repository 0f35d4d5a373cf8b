import { randomBytes } from 'node:crypto';
import { epochMs, manualClock } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { describe, expect, it } from 'vitest';
import { createVault } from '../vault/index.ts';
import type { Approved } from './index.ts';
import { createRequests, requestsSchema } from './index.ts';

function setUp() {
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [requestsSchema] });
  const clock = manualClock();
  const seen: string[] = [];
  const requests = createRequests({
    db,
    clock,
    vault: createVault(randomBytes(32)),
    handlers: [
      {
        kind: 'visitor-access',
        approve: ({ id, revision }) => {
          seen.push(`approve ${id} r${revision}`);
          return undefined;
        },
        revoke: ({ id, revision }) => seen.push(`revoke ${id} r${revision}`),
      },
    ],
  });
  const approved: Approved<'visitor-access'> = {
    op: 'upsert',
    kind: 'visitor-access',
    id: 'V-1',
    revision: 1,
    validFrom: epochMs(0),
    validUntil: epochMs(1_000),
    committedAt: clock.now(),
    data: {
      people: [{ name: '张三', document: { type: 'resident-id', number: '11010519491231002X' } }],
      companions: 0,
      gates: ['south'],
      areas: [],
      windows: [],
      escort: false,
      host: { name: '李' },
    },
  };
  return { db, requests, seen, approved };
}

const revocation = (id: string) =>
  ({
    op: 'revoke',
    kind: 'visitor-access',
    id,
    revision: 2,
    validFrom: epochMs(0),
    validUntil: epochMs(1_000),
    committedAt: epochMs(0),
    data: {},
    because: 'hall',
  }) as const;

describe('requests', () => {
  it('tell their domain, and keep their data unreadable on the disk and readable to it', () => {
    const { db, requests, seen, approved } = setUp();
    requests.project(approved);
    expect(seen).toEqual(['approve V-1 r1']);
    expect(requests.data('V-1')).toEqual({ ok: true, value: approved.data });
    expect(db.serialize().includes('张三')).toBe(false);
    expect(db.serialize().includes('11010519491231002X')).toBe(false);
  });

  it('are revoked whether they were ever seen or not', () => {
    const { requests, seen, approved } = setUp();
    requests.project(approved);
    requests.project(revocation('V-1'));
    requests.project(revocation('V-9'));
    expect(seen).toEqual(['approve V-1 r1', 'revoke V-1 r2', 'revoke V-9 r2']);
    expect(requests.summary()).toEqual({ approved: 0, revoked: 2 });
    expect(requests.data('V-9')).toMatchObject({ ok: false, error: { code: 'E-REQ-0101' } });
  });

  it('lose their data, and not their trace, when their time is over', () => {
    const { requests, approved } = setUp();
    requests.project(approved);
    expect(requests.erase(epochMs(1_000))).toBe(0);
    expect(requests.erase(epochMs(1_001))).toBe(1);
    expect(requests.data('V-1')).toMatchObject({ ok: false, error: { code: 'E-REQ-0101' } });
    expect(requests.get('V-1')).toMatchObject({ id: 'V-1', state: 'approved' });
  });
});
