import type { Clock, EpochMs, Result } from '@hallhub/sync/base';
import { failure, iso, ok } from '@hallhub/sync/base';
import type { Roster } from '@hallhub/sync/contract';
import { checkedIn } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/index.ts';
import type { AttendanceConfig, Label } from '../config/index.ts';
import type { Gates } from '../gates/index.ts';
import type { Requests } from '../requests/index.ts';
import type { NewcomerRow } from './store/newcomers.ts';
import { createNewcomerStore } from './store/newcomers.ts';
import type { CheckInMethod, NewcomerView } from './views.ts';

export interface Shown {
  readonly method: CheckInMethod;
  readonly text: string;
}

export interface CheckIn {
  points(): readonly { readonly id: string; readonly label: Label; readonly area?: string }[];
  counts(): { readonly expected: number; readonly checked: number };
  /** Who it is; that somebody was looked up is in the audit log. Errors: `E-ATT-0201`, `E-ATT-0202`, those of a code (`E-GATE-0131` to `0135`). */
  present(point: string, shown: Shown, staffId: string): Result<NewcomerView>;
  /** Their picture, fetched from the hall for the member of staff who looks, and kept nowhere. Errors: `E-ATT-0202`, `E-ATT-0204`. */
  photo(requestId: string): Promise<Result<{ readonly mediaType: string; readonly bytes: Uint8Array }>>;
  /** A member of staff has seen that it is them; the hall hears of it, once. Errors: `E-ATT-0201` to `E-ATT-0203`. */
  confirm(
    point: string,
    checked: { readonly requestId: string; readonly method: CheckInMethod },
    staffId: string,
  ): Result<void>;
  /** A new student is to come. */
  expect(newcomer: Pick<NewcomerRow, 'requestId' | 'subject' | 'validFrom' | 'validUntil'>): void;
  /** They are not new any more, or are not coming; who has checked in stays. */
  unexpect(requestId: string): void;
  forget(before: EpochMs): number;
}

export function createCheckIn(deps: {
  readonly db: Db;
  readonly clock: Pick<Clock, 'now'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly gates: Pick<Gates, 'identify'>;
  readonly requests: () => Pick<Requests, 'get' | 'data'>;
  readonly points: AttendanceConfig['checkIn'];
  /** A file of the hall, its digest checked. */
  readonly fetchFile: (file: { readonly url: string; readonly sha256: string }) => Promise<Result<Uint8Array>>;
}): CheckIn {
  const { db, clock, audit } = deps;
  const store = createNewcomerStore(db);
  const isPoint = (id: string): boolean => deps.points.some((point) => point.id === id);

  const view = (row: NewcomerRow, method: CheckInMethod): NewcomerView | undefined => {
    const data = deps.requests().data(row.requestId);
    if (!data.ok) return undefined;
    const { person, enrolling, dorm } = data.value as Roster;
    return {
      requestId: row.requestId,
      name: person.name,
      number: person.number,
      college: enrolling?.college ?? person.unit ?? '',
      photo: enrolling?.photo !== undefined,
      steps: enrolling?.steps ?? [],
      ...(dorm && { building: dorm.building, room: dorm.room }),
      method,
      ...(row.checkedAt !== null && row.point !== null && { checked: { at: row.checkedAt, point: row.point } }),
    };
  };

  return {
    points: () => deps.points,
    counts: () => store.counts(clock.now()),
    present: (point, shown, staffId) => {
      if (!isPoint(point)) return failure('E-ATT-0201', point);
      const found = deps.gates.identify({ ...shown, at: clock.now(), place: point });
      if (!found.ok) return found;
      const row = store.bySubject(found.value.subject, clock.now());
      const newcomer = row && view(row, shown.method);
      if (!newcomer) return failure('E-ATT-0202');
      audit.record({
        actor: `staff:${staffId}`,
        action: 'check-in.present',
        subject: `request:${newcomer.requestId}`,
        detail: { point, method: shown.method },
      });
      return ok(newcomer);
    },
    photo: async (requestId) => {
      const data = store.newcomer(requestId) && deps.requests().data(requestId);
      const photo = data?.ok === true ? (data.value as Roster).enrolling?.photo : undefined;
      if (!photo) return failure('E-ATT-0202', requestId);
      const bytes = await deps.fetchFile(photo);
      return bytes.ok
        ? ok({ mediaType: photo.mediaType, bytes: bytes.value })
        : failure('E-ATT-0204', bytes.error.code);
    },
    confirm: (point, { requestId, method }, staffId) =>
      transact(db, (): Result<void> => {
        if (!isPoint(point)) return failure('E-ATT-0201', point);
        const now = clock.now();
        const row = store.newcomer(requestId);
        if (!row || now < row.validFrom || now >= row.validUntil) return failure('E-ATT-0202', requestId);
        if (!store.check(requestId, { at: now, point, method, by: `staff:${staffId}` }))
          return failure('E-ATT-0203', requestId);
        audit.record({
          actor: `staff:${staffId}`,
          action: 'check-in.confirm',
          subject: `request:${requestId}`,
          detail: { point, method },
        });
        deps.outbox.append({
          type: checkedIn,
          subject: requestId,
          time: now,
          data: { revision: deps.requests().get(requestId)?.revision ?? 1, at: iso(now), point, method },
        });
        return ok();
      }),
    expect: (newcomer) => {
      store.expect(newcomer);
    },
    unexpect: (requestId) => {
      store.unexpect(requestId);
    },
    forget: (before) => store.forget(before),
  };
}
