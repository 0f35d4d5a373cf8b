import type { EpochMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';
import type { Leave, Roster } from '@hallhub/sync/contract';
import type { KindHandler } from '../requests/index.ts';
import type { Vault } from '../vault/index.ts';
import type { CheckIn } from './check-in.ts';
import type { ResidentStore } from './store/residents.ts';

/** Listens in on the roster and on leaves: who lives where, who is away, who is new. Runs in the sync transaction. */
export function followRoster(deps: {
  readonly residents: ResidentStore;
  readonly vault: Pick<Vault, 'match'>;
  readonly now: () => EpochMs;
  /** Something about somebody has changed for a time: nights that are out are looked at again. */
  readonly moved: (subject: string, span: { from: EpochMs; until: EpochMs }, cause: 'leave' | 'roster') => void;
  readonly checkIn: Pick<CheckIn, 'expect' | 'unexpect'>;
}) {
  const { residents } = deps;
  const subjectOf = (number: string): string => deps.vault.match('member', number).toString('hex');

  const lives = (id: string, validFrom: EpochMs, validUntil: EpochMs, { person, dorm, enrolling }: Roster): void => {
    const subject = subjectOf(person.number);
    if (enrolling) deps.checkIn.expect({ requestId: id, subject, validFrom, validUntil });
    else deps.checkIn.unexpect(id);
    if (dorm)
      residents.put({
        requestId: id,
        subject,
        building: dorm.building,
        category: person.category,
        counsellor: dorm.counsellor ?? null,
        validFrom,
        validUntil,
      });
    else residents.remove(id);
    deps.moved(subject, { from: validFrom, until: validUntil }, 'roster');
  };
  const away = (requestId: string, from: EpochMs, until: EpochMs, { student }: Leave): void => {
    const before = residents.leaveOf(requestId);
    const subject = subjectOf(student.number);
    residents.putLeave({ requestId, subject, from, until });
    if (before) deps.moved(before.subject, before, 'leave');
    deps.moved(subject, { from, until }, 'leave');
  };

  const revoked = (id: string): void => {
    const leave = residents.leaveOf(id);
    if (leave) {
      residents.revokeLeave(id);
      deps.moved(leave.subject, leave, 'leave');
    }
    const resident = residents.byRequest(id);
    const now = deps.now();
    if (resident) {
      residents.revoke(id, now);
      deps.moved(resident.subject, { from: now, until: epochMs(Math.max(now, resident.validUntil)) }, 'roster');
    }
    deps.checkIn.unexpect(id);
  };

  return {
    roster: (handler: KindHandler<'roster'>): KindHandler<'roster'> => ({
      kind: 'roster',
      approve: (change) => {
        lives(change.id, change.validFrom, change.validUntil, change.data);
        return handler.approve(change);
      },
      revoke: (change) => {
        handler.revoke(change);
        revoked(change.id);
      },
    }),
    leave: (handler: KindHandler<'leave'>): KindHandler<'leave'> => ({
      kind: 'leave',
      approve: (change) => {
        away(change.id, change.validFrom, change.validUntil, change.data);
        return handler.approve(change);
      },
      revoke: (change) => {
        handler.revoke(change);
        revoked(change.id);
      },
    }),
  };
}
export type Following = ReturnType<typeof followRoster>;
