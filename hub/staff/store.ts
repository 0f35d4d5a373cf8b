import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Attempts } from './rules.ts';

export interface AccountRow {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly passwordHash: string;
  /** JSON of `Grant[]`. */
  readonly grants: string;
  readonly disabled: number;
}

const COLUMNS = 'id, login, name, password_hash AS passwordHash, grants, disabled';

/** The SQL of accounts, sessions, invitations and failed attempts. */
export function createStaffStore(db: Db) {
  const byLogin = db.prepare<[string], AccountRow>(`SELECT ${COLUMNS} FROM staff_account WHERE login = ?`);
  const byId = db.prepare<[string], AccountRow>(`SELECT ${COLUMNS} FROM staff_account WHERE id = ?`);
  const all = db.prepare<[], AccountRow>(`SELECT ${COLUMNS} FROM staff_account ORDER BY login`);
  const insert = db.prepare(
    'INSERT INTO staff_account (id, login, name, password_hash, grants, created_at) VALUES (@id, @login, @name, @passwordHash, @grants, @at)',
  );
  const update = db.prepare('UPDATE staff_account SET grants = @grants, disabled = @disabled WHERE id = @id');
  const setPassword = db.prepare('UPDATE staff_account SET password_hash = ? WHERE id = ?');
  const addSession = db.prepare(
    'INSERT INTO staff_session (token_hash, account_id, created_at, expires_at, seen_at) VALUES (?, ?, ?, ?, ?)',
  );
  const session = db.prepare<[Uint8Array], { accountId: string; expiresAt: EpochMs; seenAt: EpochMs }>(
    'SELECT account_id AS accountId, expires_at AS expiresAt, seen_at AS seenAt FROM staff_session WHERE token_hash = ?',
  );
  const touch = db.prepare('UPDATE staff_session SET seen_at = ? WHERE token_hash = ?');
  const endSession = db.prepare('DELETE FROM staff_session WHERE token_hash = ?');
  const endSessionsOf = db.prepare('DELETE FROM staff_session WHERE account_id = ?');
  const purgeSessions = db.prepare('DELETE FROM staff_session WHERE expires_at < ?');
  const addInvitation = db.prepare('INSERT INTO staff_invitation (token_hash, grants, expires_at) VALUES (?, ?, ?)');
  const invitation = db
    .prepare<[Uint8Array, number], 1>('SELECT 1 FROM staff_invitation WHERE token_hash = ? AND expires_at > ?')
    .pluck();
  const takeInvitation = db.prepare<[Uint8Array, number], { grants: string }>(
    'DELETE FROM staff_invitation WHERE token_hash = ? AND expires_at > ? RETURNING grants',
  );
  const clearInvitations = db.prepare('DELETE FROM staff_invitation');
  const attempts = db.prepare<[string], Attempts>(
    'SELECT failures, locked_until AS lockedUntil FROM staff_attempt WHERE key = ?',
  );
  const setAttempts = db.prepare('INSERT OR REPLACE INTO staff_attempt (key, failures, locked_until) VALUES (?, ?, ?)');
  const clearAttempts = db.prepare('DELETE FROM staff_attempt WHERE key = ?');

  return {
    byLogin: (login: string) => byLogin.get(login),
    byId: (id: string) => byId.get(id),
    all: () => all.all(),
    insert: (account: Omit<AccountRow, 'disabled'> & { readonly at: EpochMs }) => insert.run(account),
    update: (account: { readonly id: string; readonly grants: string; readonly disabled: number }) =>
      update.run(account),
    setPassword: (id: string, hash: string) => setPassword.run(hash, id),
    addSession: (token: Uint8Array, accountId: string, now: EpochMs, expiresAt: EpochMs) =>
      addSession.run(token, accountId, now, expiresAt, now),
    session: (token: Uint8Array) => session.get(token),
    touch: (token: Uint8Array, now: EpochMs) => touch.run(now, token),
    endSession: (token: Uint8Array) => endSession.run(token),
    endSessionsOf: (accountId: string) => endSessionsOf.run(accountId),
    purgeSessions: (now: EpochMs) => purgeSessions.run(now),
    addInvitation: (token: Uint8Array, grants: string, expiresAt: EpochMs) =>
      addInvitation.run(token, grants, expiresAt),
    isInvited: (token: Uint8Array, now: EpochMs) => invitation.get(token, now) !== undefined,
    takeInvitation: (token: Uint8Array, now: EpochMs) => takeInvitation.get(token, now),
    clearInvitations: () => clearInvitations.run(),
    attempts: (key: string) => attempts.get(key),
    setAttempts: (key: string, value: Attempts) => setAttempts.run(key, value.failures, value.lockedUntil),
    clearAttempts: (key: string) => clearAttempts.run(key),
  };
}
