import { epochMs, minutes, plus } from '@hallhub/sync/base';
import type { RequestChange } from '@hallhub/sync/contract';
import { describe, expect, it } from 'vitest';
import { personKeys } from './appointments.ts';
import { CLAIMED_KINDS } from './claims.ts';
import { openQueue } from './testing/rig.ts';

const CARD = '11010519491231002X';
type Upsert = Extract<RequestChange, { op: 'upsert' }>;

describe('whose approved requests are whose', () => {
  it('is known of every kind that names people, while it stands, by keyed hashes alone', () => {
    const { queue, vault, clock, db } = openQueue();
    const { claims } = queue;
    const now = clock.now();
    const approved = (id: string, kind: string, data: object): Upsert =>
      ({
        ...{ op: 'upsert', id, kind, revision: 1, committedAt: now, data },
        ...{ validFrom: now, validUntil: plus(now, minutes(60)) },
      }) as Upsert;
    const person = { name: '刘一', document: { type: 'resident-id', number: CARD } };
    const leave = approved('L1', 'leave', { student: { number: '2023010001', name: '刘一' }, type: 'sick' });
    const all = [
      approved('V1', 'visitor-access', { people: [person] }),
      approved('E1', 'event-access', {
        people: [{ name: '别人', document: { type: 'passport', number: 'P1' } }, person],
      }),
      approved('C1', 'vehicle-access', { driver: person }),
      leave,
      approved('X1', 'certificate', {}),
    ];
    for (const change of all) claims.follow(change);
    const mine = personKeys(vault, { number: '2023010001', residentId: CARD });
    const ids = () => claims.of(mine, CLAIMED_KINDS).map(({ requestId }) => requestId);
    expect(ids()).toEqual(['C1', 'E1', 'L1', 'V1']);
    expect(claims.of(mine, ['leave'])).toEqual([{ requestId: 'L1', label: { zh: '请假', en: 'Leave' } }]);
    expect(claims.of(personKeys(vault, { number: '2' }), CLAIMED_KINDS)).toEqual([]);
    expect(JSON.stringify(db.prepare('SELECT * FROM queue_claim').all())).not.toContain(CARD);
    claims.follow({ ...leave, op: 'revoke', revision: 2 } as unknown as RequestChange);
    expect(ids()).toEqual(['C1', 'E1', 'V1']);
    clock.advance(minutes(60));
    expect(ids()).toEqual([]);
    expect(claims.forget(clock.now())).toBe(0);
    expect(claims.forget(epochMs(clock.now() + 1))).toBe(3);
    // What had been approved before is read once.
    const pages = [[leave], []];
    let read = 0;
    const requests = {
      page: () => {
        read += 1;
        const changes = pages.shift() ?? [];
        return { changes, next: pages.length > 0 ? 'L1' : undefined };
      },
    };
    claims.start(requests);
    claims.start(requests);
    expect(read).toBe(2);
    expect(db.prepare('SELECT request_id FROM queue_claim').pluck().all()).toEqual(['L1']);
  });
});
