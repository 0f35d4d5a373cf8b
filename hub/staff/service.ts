import { createHash, randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import type { Clock, Result } from '@hallhub/sync/base';
import { failure, ok, plus, uuidv7 } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { Grant } from './rules.ts';
import { INVITATION_LIFE, MIN_PASSWORD, SESSION_IDLE, SESSION_LIFE, afterFailure, isLocked } from './rules.ts';
import type { AccountRow } from './store.ts';
import { createStaffStore } from './store.ts';

export interface Account {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly grants: readonly Grant[];
  readonly disabled: boolean;
}

export interface Staff {
  /** A one-time token for the first operator; undefined when there is somebody who may let others in. */
  firstOperatorToken(): string | undefined;
  /** A one-time token for one more member of staff. */
  invite(by: Account, grants: readonly Grant[]): string;
  /** Errors: `E-STAFF-0105` token, `E-STAFF-0106` login taken, `E-STAFF-0107` password too short. */
  accept(
    token: string,
    account: { readonly login: string; readonly name: string; readonly password: string },
  ): Promise<Result<Account>>;
  /** Errors: `E-STAFF-0101` wrong, `E-STAFF-0102` locked. `origin` is the caller's address. */
  logIn(
    login: string,
    password: string,
    origin: string,
  ): Promise<Result<{ readonly account: Account; readonly session: string }>>;
  logOut(session: string): void;
  /** Whose session it is; undefined when it is nobody's any more. */
  whoIs(session: string): Account | undefined;
  /** The same without counting as a sign of life: for streams, which would keep an abandoned session awake. */
  peek(session: string): Account | undefined;
  list(): readonly Account[];
  /** Errors: `E-STAFF-0108` no such account, `E-STAFF-0109` the last operator. Ends the account's sessions. */
  change(
    by: Account,
    id: string,
    change: { readonly grants?: readonly Grant[]; readonly disabled?: boolean },
  ): Result<Account>;
  /** Errors: `E-STAFF-0101` the old one is wrong, `E-STAFF-0107` the new one is too short. Ends the account's sessions. */
  changePassword(account: Account, old: string, next: string): Promise<Result<void>>;
}

const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest();
const newToken = (): string => randomBytes(32).toString('base64url');

/** OWASP's argon2id setting: 19 MiB, two passes. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export function createStaff({
  db,
  clock,
  audit,
}: {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Audit;
}): Staff {
  const store = createStaffStore(db);
  /** Checked against when the login is unknown, so that the answer takes as long as for one that exists. */
  const decoy = hash(newToken(), ARGON2);

  const toAccount = (row: AccountRow): Account => ({
    id: row.id,
    login: row.login,
    name: row.name,
    grants: JSON.parse(row.grants) as Grant[],
    disabled: row.disabled === 1,
  });
  const isOperator = ({ grants, disabled }: Account): boolean =>
    !disabled && grants.some(({ role, area }) => role === 'operator' && area === '*');
  const invitation = (grants: readonly Grant[]): string => {
    const token = newToken();
    store.addInvitation(tokenHash(token), JSON.stringify(grants), plus(clock.now(), INVITATION_LIFE));
    return token;
  };

  const find = (session: string, isSignOfLife: boolean): Account | undefined => {
    const key = tokenHash(session);
    const found = store.session(key);
    const now = clock.now();
    if (!found || now >= found.expiresAt || now - found.seenAt > SESSION_IDLE) return undefined;
    const row = store.byId(found.accountId);
    if (!row || row.disabled === 1) return undefined;
    if (isSignOfLife && now - found.seenAt > 60_000) store.touch(key, now);
    return toAccount(row);
  };

  return {
    firstOperatorToken: () => {
      if (store.all().some((row) => isOperator(toAccount(row)))) return undefined;
      return transact(db, () => {
        store.clearInvitations();
        return invitation([{ role: 'operator', area: '*' }]);
      });
    },

    invite: (by, grants) =>
      transact(db, () => {
        audit.record({
          actor: `staff:${by.id}`,
          action: 'staff.invite',
          subject: 'account:new',
          detail: { grants: JSON.stringify(grants) },
        });
        return invitation(grants);
      }),

    accept: async (token, { login, name, password }) => {
      // Before anything else: whoever has no invitation neither learns which logins there are nor has anything hashed.
      if (!store.isInvited(tokenHash(token), clock.now())) return failure('E-STAFF-0105');
      if (password.length < MIN_PASSWORD) return failure('E-STAFF-0107');
      const passwordHash = await hash(password, ARGON2);
      return transact(db, () => {
        const now = clock.now();
        if (!store.isInvited(tokenHash(token), now)) return failure('E-STAFF-0105');
        if (store.byLogin(login)) return failure('E-STAFF-0106');
        const taken = store.takeInvitation(tokenHash(token), now);
        if (!taken) return failure('E-STAFF-0105');
        const id = uuidv7(now);
        store.insert({ id, login, name, passwordHash, grants: taken.grants, at: now });
        audit.record({
          actor: `staff:${id}`,
          action: 'staff.join',
          subject: `account:${id}`,
          detail: { grants: taken.grants },
        });
        return ok({ id, login, name, grants: JSON.parse(taken.grants) as Grant[], disabled: false });
      });
    },

    logIn: async (login, password, origin) => {
      // By login *and* address: nobody can lock a colleague out from elsewhere. The address alone has a wider limit.
      const pair = `login:${login.toLowerCase()}@${origin}`;
      const keys = [
        { key: pair, free: 5 },
        { key: `origin:${origin}`, free: 30 },
      ];
      const now = clock.now();
      if (keys.some(({ key }) => isLocked(store.attempts(key), now))) return failure('E-STAFF-0102');
      // Counted before the slow check, so that many tries at once cannot slip through together; taken back on success.
      transact(db, () => {
        for (const { key, free } of keys) store.setAttempts(key, afterFailure(store.attempts(key), now, free));
      });
      const row = store.byLogin(login);
      const right = await verify(row?.passwordHash ?? (await decoy), password).catch(() => false);
      if (!row || !right || row.disabled === 1) {
        audit.record({
          actor: 'unknown',
          action: 'staff.login-failed',
          subject: row ? `account:${row.id}` : 'account:unknown',
          detail: { origin },
        });
        return failure('E-STAFF-0101');
      }
      const session = newToken();
      transact(db, () => {
        store.clearAttempts(pair);
        store.purgeSessions(clock.now());
        store.addSession(tokenHash(session), row.id, clock.now(), plus(clock.now(), SESSION_LIFE));
        audit.record({
          actor: `staff:${row.id}`,
          action: 'staff.login',
          subject: `account:${row.id}`,
          detail: { origin },
        });
      });
      return ok({ account: toAccount(row), session });
    },

    logOut: (session) => {
      store.endSession(tokenHash(session));
    },

    whoIs: (session) => find(session, true),
    peek: (session) => find(session, false),

    list: () => store.all().map(toAccount),

    change: (by, id, change) =>
      transact(db, () => {
        const row = store.byId(id);
        if (!row) return failure('E-STAFF-0108');
        const before = toAccount(row);
        const after: Account = { ...before, ...change };
        const others = store
          .all()
          .map(toAccount)
          .filter((account) => account.id !== id);
        if (isOperator(before) && !isOperator(after) && !others.some(isOperator)) return failure('E-STAFF-0109');
        store.update({ id, grants: JSON.stringify(after.grants), disabled: after.disabled ? 1 : 0 });
        store.endSessionsOf(id);
        audit.record({
          actor: `staff:${by.id}`,
          action: 'staff.change',
          subject: `account:${id}`,
          detail: { grants: JSON.stringify(after.grants), disabled: after.disabled },
        });
        return ok(after);
      }),

    changePassword: async (account, old, next) => {
      if (next.length < MIN_PASSWORD) return failure('E-STAFF-0107');
      const row = store.byId(account.id);
      if (!row || !(await verify(row.passwordHash, old).catch(() => false))) return failure('E-STAFF-0101');
      const passwordHash = await hash(next, ARGON2);
      transact(db, () => {
        store.setPassword(account.id, passwordHash);
        store.endSessionsOf(account.id);
        audit.record({ actor: `staff:${account.id}`, action: 'staff.password', subject: `account:${account.id}` });
      });
      return ok();
    },
  };
}
