import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, iso, ok } from '@hallhub/sync/base';
import type { Roster } from '@hallhub/sync/contract';
import { checkedIn } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/index.ts';
import type { AttendanceConfig, Label } from '../config/index.ts';
import type { Gates } from '../gates/index.ts';
import type { Requests } from '../requests/index.ts';
import type { Arrival } from './arrivals.ts';
import { createArrivals } from './arrivals.ts';
import { watchPointDevices } from './point-devices.ts';
import type { NewcomerRow } from './store/newcomers.ts';
import { createNewcomerStore } from './store/newcomers.ts';
import type { ArrivalView, CheckInMethod, NewcomerView, Shown } from './views.ts';

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
  /** Who has come by at the devices of a point in the last minutes, newest first. Errors: `E-ATT-0201`. */
  arrivals(point: string): Result<readonly ArrivalView[]>;
  /** What the terminal saw of them, a JPEG. Errors: `E-ATT-0205`. */
  snapshot(point: string, arrivalId: string): Result<Uint8Array>;
  /** Staff have seen to them otherwise. Errors: `E-ATT-0205`. */
  dismiss(point: string, arrivalId: string): Result<void>;
  /** Somebody has come by at a point, or has been seen to. */
  onChange(listener: (point: string) => void): Cancel;
  start(): void;
  stop(): void;
  /** A new student is to come. */
  expect(newcomer: Pick<NewcomerRow, 'requestId' | 'subject' | 'validFrom' | 'validUntil'>): void;
  /** They are not new any more, or are not coming; who has checked in stays. */
  unexpect(requestId: string): void;
  forget(before: EpochMs): number;
}

export function createCheckIn(deps: {
  readonly db: Db;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly random: RandomBytes;
  readonly host: Pick<AgentHost, 'capability' | 'onDevices'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly gates: Pick<Gates, 'identify'>;
  readonly requests: () => Pick<Requests, 'get' | 'data'>;
  readonly points: AttendanceConfig['checkIn'];
  /** A file of the hall, its digest checked. */
  readonly fetchFile: (file: { readonly url: string; readonly sha256: string }) => Promise<Result<Uint8Array>>;
  readonly log: (level: 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;
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

  const present = (point: string, shown: Shown, actor: string): Result<NewcomerView> => {
    const found = deps.gates.identify({ ...shown, at: clock.now(), place: point });
    if (!found.ok) return found;
    const row = store.bySubject(found.value.subject, clock.now());
    const newcomer = row && view(row, shown.method);
    if (!newcomer) return failure('E-ATT-0202');
    audit.record({
      actor,
      action: 'check-in.present',
      subject: `request:${newcomer.requestId}`,
      detail: { point, method: shown.method },
    });
    return ok(newcomer);
  };

  const listeners = new Set<(point: string) => void>();
  const arrivals = createArrivals({
    clock,
    random: deps.random,
    onChange: (point) => {
      for (const listener of listeners) listener(point);
    },
  });
  const arrivalView = ({ id, device, at, method, whom, picture }: Arrival): ArrivalView | undefined => {
    const arrival = { id, device, at, method, snapshot: picture !== undefined };
    if ('code' in whom) return { ...arrival, code: whom.code };
    const row = store.newcomer(whom.requestId);
    const newcomer = row && view(row, method);
    return newcomer && { ...arrival, newcomer };
  };
  const arrivalAt = (point: string, id: string): Arrival | undefined => arrivals.at(point).find((one) => one.id === id);
  let stop: Cancel = () => undefined;

  return {
    points: () => deps.points.map(({ id, label, area }) => ({ id, label, ...(area !== undefined && { area }) })),
    counts: () => store.counts(clock.now()),
    present: (point, shown, staffId) => {
      if (!isPoint(point)) return failure('E-ATT-0201', point);
      return present(point, shown, `staff:${staffId}`);
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
        afterCommit(db, () => {
          arrivals.drop(({ whom }) => 'requestId' in whom && whom.requestId === requestId);
        });
        return ok();
      }),
    arrivals: (point) => {
      if (!isPoint(point)) return failure('E-ATT-0201', point);
      return ok(arrivals.at(point).flatMap((arrival) => arrivalView(arrival) ?? []));
    },
    snapshot: (point, arrivalId) => {
      const picture = arrivalAt(point, arrivalId)?.picture;
      return picture ? ok(picture) : failure('E-ATT-0205');
    },
    dismiss: (point, arrivalId) => {
      if (!arrivalAt(point, arrivalId)) return failure('E-ATT-0205');
      arrivals.drop(({ id }) => id === arrivalId);
      return ok();
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: () => {
      stop = watchPointDevices({
        ...deps,
        onShown: ({ point, device, at, shown, personId }) => {
          const known = 'text' in shown ? present(point, shown, `device:${device}`) : failure(shown.code);
          const whom = known.ok ? { requestId: known.value.requestId } : { code: known.error.code };
          arrivals.add({ point, device, at, method: shown.method, whom }, personId);
        },
        onPicture: arrivals.picture,
      });
    },
    stop: () => {
      stop();
      arrivals.clear();
    },
    expect: (newcomer) => {
      store.expect(newcomer);
    },
    unexpect: (requestId) => {
      store.unexpect(requestId);
    },
    forget: (before) => store.forget(before),
  };
}
