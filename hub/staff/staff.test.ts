import { epochMs, manualClock, minutes } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditSchema, createAudit } from '../audit/index.ts';
import { createStaff, may, staffSchema } from './index.ts';
import { afterFailure, isLocked } from './rules.ts';

const PASSWORD = 'correct horse battery';

async function setUp() {
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [auditSchema, staffSchema] });
  const clock = manualClock();
  const audit = createAudit({ db, clock });
  const staff = createStaff({ db, clock, audit });
  const first = await staff.accept(staff.firstOperatorToken()!, { login: 'wang', name: '王', password: PASSWORD });
  if (!first.ok) throw new Error(first.error.code);
  return { db, clock, audit, staff, operator: first.value };
}

describe('staff', () => {
  it('lets the first operator in by a link that works once, and offers no second', async () => {
    const { staff, audit } = await setUp();
    expect(staff.firstOperatorToken()).toBeUndefined();
    const again = await staff.logIn('WANG', PASSWORD, '10.0.0.9');
    expect(again).toMatchObject({
      ok: true,
      value: { account: { login: 'wang', grants: [{ role: 'operator', area: '*' }] } },
    });
    expect(audit.list({ limit: 9 }).map((row) => row.action)).toEqual(['staff.login', 'staff.join']);
  });

  it('refuses a used link, a late one, a short password, and a login that is taken', async () => {
    const { staff, operator, clock } = await setUp();
    const token = staff.invite(operator, [{ role: 'guard', area: 'campus' }]);
    const ask = (login: string, password = PASSWORD) => staff.accept(token, { login, name: 'x', password });
    expect(await ask('li', 'short')).toMatchObject({ ok: false, error: { code: 'E-STAFF-0107' } });
    expect(await ask('Wang')).toMatchObject({ ok: false, error: { code: 'E-STAFF-0106' } });
    expect(await ask('li')).toMatchObject({ ok: true });
    expect(await ask('zhao')).toMatchObject({ ok: false, error: { code: 'E-STAFF-0105' } });
    // Without an invitation nobody learns which logins there are.
    expect(await ask('wang')).toMatchObject({ ok: false, error: { code: 'E-STAFF-0105' } });
    expect(await ask('zhao', 'short')).toMatchObject({ ok: false, error: { code: 'E-STAFF-0105' } });
    const late = staff.invite(operator, []);
    clock.advance(minutes(61));
    expect(await staff.accept(late, { login: 'sun', name: 'x', password: PASSWORD })).toMatchObject({
      ok: false,
      error: { code: 'E-STAFF-0105' },
    });
  });

  it('locks a login that is guessed at from that address, not for its owner elsewhere, and opens it again later', async () => {
    const { staff, clock, audit } = await setUp();
    for (let attempt = 0; attempt < 5; attempt++) await staff.logIn('wang', 'wrong wrong wrong', '10.0.0.1');
    expect(await staff.logIn('wang', PASSWORD, '10.0.0.1')).toMatchObject({
      ok: false,
      error: { code: 'E-STAFF-0102' },
    });
    expect(await staff.logIn('wang', PASSWORD, '10.0.1.1')).toMatchObject({ ok: true });
    clock.advance(minutes(3));
    expect(await staff.logIn('wang', PASSWORD, '10.0.0.1')).toMatchObject({ ok: true });
    expect(audit.list({ limit: 20 }).find(({ action }) => action === 'staff.login-failed')).toMatchObject({
      actor: 'unknown',
    });
  });

  it('counts tries that come all at once', async () => {
    const { staff } = await setUp();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => staff.logIn('wang', 'wrong wrong wrong', '10.0.0.1')),
    );
    expect(answers.filter((answer) => !answer.ok && answer.error.code === 'E-STAFF-0101')).toHaveLength(5);
  });

  it('lets a stream look at a session without keeping it awake', async () => {
    const { staff, clock } = await setUp();
    const opened = await staff.logIn('wang', PASSWORD, '10.0.0.1');
    const session = opened.ok ? opened.value.session : '';
    for (let minute = 0; minute < 70; minute += 10) {
      clock.advance(minutes(10));
      staff.peek(session);
    }
    expect(staff.peek(session)).toBeUndefined();
  });

  it('ends sessions by log-out, by idling, by age, and when the account changes', async () => {
    const { staff, clock, operator } = await setUp();
    const open = async () => {
      const result = await staff.logIn('wang', PASSWORD, '10.0.0.1');
      if (!result.ok) throw new Error(result.error.code);
      return result.value.session;
    };
    const first = await open();
    expect(staff.whoIs(first)?.id).toBe(operator.id);
    staff.logOut(first);
    expect(staff.whoIs(first)).toBeUndefined();
    const idle = await open();
    clock.advance(minutes(61));
    expect(staff.whoIs(idle)).toBeUndefined();
    const changed = await open();
    await staff.changePassword(operator, PASSWORD, 'another long password');
    expect(staff.whoIs(changed)).toBeUndefined();
    expect(staff.whoIs('nonsense')).toBeUndefined();
  });

  it('keeps the last operator', async () => {
    const { staff, operator } = await setUp();
    expect(staff.change(operator, operator.id, { disabled: true })).toMatchObject({
      ok: false,
      error: { code: 'E-STAFF-0109' },
    });
    expect(staff.change(operator, operator.id, { grants: [{ role: 'guard', area: '*' }] })).toMatchObject({
      ok: false,
    });
  });

  it('stores neither passwords nor tokens', async () => {
    const { db, staff } = await setUp();
    const result = await staff.logIn('wang', PASSWORD, '10.0.0.1');
    const everything = JSON.stringify([
      db.prepare('SELECT * FROM staff_account').all(),
      db.prepare('SELECT hex(token_hash) FROM staff_session').all(),
    ]);
    expect(everything).not.toContain(PASSWORD);
    expect(result.ok && everything.includes(result.value.session)).toBe(false);
    expect(everything).toContain('$argon2id$');
  });
});

describe('roles', () => {
  it.each([
    ['a guard at its own gate', [{ role: 'guard', area: 'north' }] as const, 'north', true],
    ['a guard elsewhere', [{ role: 'guard', area: 'north' }] as const, 'south', false],
    ['an operator everywhere', [{ role: 'operator', area: '*' }] as const, 'south', true],
    ['an auditor, who only reads', [{ role: 'auditor', area: '*' }] as const, 'south', false],
    ['nobody', [], 'south', false],
  ])('%s', (_, grants, area, expected) => {
    expect(may(grants, ['guard'], area)).toBe(expected);
  });

  it('never shortens a lock by failing more', () => {
    fc.assert(
      fc.property(fc.nat(200), (failures) => {
        const now = epochMs(0);
        const one = afterFailure({ failures, lockedUntil: now }, now, 5);
        const two = afterFailure(one, now, 5);
        expect(two.lockedUntil).toBeGreaterThanOrEqual(one.lockedUntil);
        expect(isLocked(two, now)).toBe(two.failures >= 5);
      }),
    );
  });
});
