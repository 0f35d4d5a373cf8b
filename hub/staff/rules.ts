import type { DurationMs, EpochMs } from '@hallhub/sync/base';
import { epochMs, minutes } from '@hallhub/sync/base';

/** What a member of staff does. `operator` runs the hub; `dorms` looks after residents (宿管, 辅导员); `auditor` reads everything and changes nothing. */
export const ROLES = ['operator', 'guard', 'counter', 'courier', 'rooms', 'dorms', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

/** A role in one area, or everywhere (`*`). */
export interface Grant {
  readonly role: Role;
  readonly area: string;
}

/** Whether the grants hold one of the roles, in the area asked for. An operator may do everything, everywhere it is one. */
export function may(grants: readonly Grant[], roles: readonly Role[], area = '*'): boolean {
  return grants.some(
    (grant) => (grant.area === '*' || grant.area === area) && (grant.role === 'operator' || roles.includes(grant.role)),
  );
}

export interface Attempts {
  readonly failures: number;
  readonly lockedUntil: EpochMs;
}

const FIRST_LOCK = minutes(1);
const LONGEST_LOCK = minutes(60);
/** Failures are forgotten when nothing has been tried for so long after the last lock. */
const FORGET = minutes(60);

/** After `free` failures each further one locks for twice as long, an hour at most. */
export function afterFailure(before: Attempts | undefined, now: EpochMs, free: number): Attempts {
  const remembered = before && now - before.lockedUntil < FORGET ? before.failures : 0;
  const failures = remembered + 1;
  const beyond = failures - free;
  const lock = beyond < 0 ? 0 : Math.min(LONGEST_LOCK, FIRST_LOCK * 2 ** Math.min(beyond, 10));
  return { failures, lockedUntil: epochMs(now + lock) };
}

export const isLocked = (attempts: Attempts | undefined, now: EpochMs): boolean =>
  attempts !== undefined && now < attempts.lockedUntil;

/** Sessions end after twelve hours whatever happens, and after one hour without a request. */
export const SESSION_LIFE = minutes(12 * 60);
export const SESSION_IDLE = minutes(60);
export const INVITATION_LIFE: DurationMs = minutes(60);
export const MIN_PASSWORD = 12;
