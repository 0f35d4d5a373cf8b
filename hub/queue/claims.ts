import type { Clock, EpochMs } from '@hallhub/sync/base';
import type { RequestChange } from '@hallhub/sync/contract';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Label } from '../config/index.ts';
import type { Requests } from '../requests/index.ts';
import type { Vault } from '../vault/index.ts';
import { personKeys } from './appointments.ts';
import type { PersonKeys } from './store/tickets.ts';

/**
 * Whose approved requests are whose, so that somebody who identifies at a machine finds what they may come to a counter for. Keyed
 * hashes and nothing else; certificates and appointments are known to their own domains.
 */
export interface Claims {
  /** A change of the replica, in its transaction. */
  follow(change: RequestChange): void;
  /** What stands for somebody now, of these kinds. */
  of(person: PersonKeys, kinds: readonly string[]): readonly { readonly requestId: string; readonly label: Label }[];
  /** Takes in what had been approved before this was kept; once. */
  start(requests: Pick<Requests, 'page'>): void;
  /** Forgets requests that ended before; returns how many. */
  forget(before: EpochMs): number;
}

const LABELS: Readonly<Record<string, Label>> = {
  'visitor-access': { zh: '访客入校', en: 'Visit' },
  'event-access': { zh: '活动预约', en: 'Event' },
  'vehicle-access': { zh: '车辆入校', en: 'Vehicle' },
  leave: { zh: '请假', en: 'Leave' },
};
/** Kinds whose requests name people who can come to a counter for them. */
export const CLAIMED_KINDS = Object.keys(LABELS);

interface Named {
  readonly number?: string | undefined;
  readonly residentId?: string | undefined;
}
type Document = { readonly type: string; readonly number: string } | undefined;
const byDocument = (document: Document): readonly Named[] =>
  document?.type === 'resident-id' ? [{ residentId: document.number }] : [];

function peopleOf(change: Extract<RequestChange, { op: 'upsert' }>): readonly Named[] {
  switch (change.kind) {
    case 'visitor-access':
    case 'event-access':
      return change.data.people.flatMap(({ document }) => byDocument(document));
    case 'vehicle-access':
      return byDocument(change.data.driver?.document);
    case 'leave':
      return [{ number: change.data.student.number }];
    default:
      return [];
  }
}

/** So many are read in one go. */
const PAGE = 100;

export function createClaims({
  db,
  vault,
  clock,
}: {
  readonly db: Db;
  readonly vault: Pick<Vault, 'match'>;
  readonly clock: Pick<Clock, 'now'>;
}): Claims {
  const drop = db.prepare('DELETE FROM queue_claim WHERE request_id = ?');
  const put = db.prepare(
    `INSERT INTO queue_claim (request_id, person_key, kind, valid_from, valid_until) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const ofPerson = db.prepare<[string | null, string | null, number, number], { requestId: string; kind: string }>(
    `SELECT DISTINCT request_id AS requestId, kind FROM queue_claim
     WHERE person_key IN (?, ?) AND valid_from <= ? AND valid_until > ? ORDER BY valid_from, request_id`,
  );
  const forget = db.prepare('DELETE FROM queue_claim WHERE valid_until < ?');
  const isRead = db.prepare<[], { one: 1 }>('SELECT 1 AS one FROM queue_claims_read');
  const setRead = db.prepare('INSERT INTO queue_claims_read (at) VALUES (?)');

  const follow = (change: RequestChange): void => {
    drop.run(change.id);
    if (change.op === 'revoke') return;
    for (const named of peopleOf(change)) {
      const { numberKey, idKey } = personKeys(vault, named);
      const key = numberKey ?? idKey;
      if (key !== undefined) put.run(change.id, key, change.kind, change.validFrom, change.validUntil);
    }
  };
  return {
    follow,
    of: ({ numberKey, idKey }, kinds) => {
      const now = clock.now();
      return ofPerson
        .all(numberKey ?? null, idKey ?? null, now, now)
        .filter(({ kind }) => kinds.includes(kind))
        .map(({ requestId, kind }) => ({ requestId, label: LABELS[kind] ?? { zh: kind, en: kind } }));
    },
    start: (requests) => {
      if (isRead.get()) return;
      transact(db, () => {
        for (let next: string | undefined = ''; next !== undefined;) {
          const page: ReturnType<Requests['page']> = requests.page(next, PAGE);
          for (const change of page.changes) follow(change);
          next = page.next;
        }
        setRead.run(clock.now());
      });
    },
    forget: (before) => forget.run(before).changes,
  };
}
