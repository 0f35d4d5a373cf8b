import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok, seconds } from '@hallhub/sync/base';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/index.ts';
import type { AreaConfig, AttendanceConfig, GateConfig } from '../config/index.ts';
import type { CalendarConfig } from '../calendar/index.ts';
import type { Gates } from '../gates/index.ts';
import { campusClock as campusClockOf } from '../calendar/index.ts';
import type { Notifications } from '../notifications/index.ts';
import type { Requests } from '../requests/index.ts';
import type { Vault } from '../vault/index.ts';
import { createAlertRules } from './alerts.ts';
import type { Building } from './building.ts';
import { buildingsOf } from './building.ts';
import type { CheckIn } from './check-in.ts';
import { createCheckIn } from './check-in.ts';
import { csv } from '../api/csv.ts';
import type { Following } from './follow.ts';
import { followRoster } from './follow.ts';
import type { Correction } from './nightly.ts';
import { createNightly } from './nightly.ts';
import { eveningOf, isoDate } from './nights.ts';
import { createPeople } from './people.ts';
import { createReader } from './reader.ts';
import type { Status } from './rules.ts';
import { counts } from './rules.ts';
import type { AlertRow } from './store/alerts.ts';
import { createAlertStore } from './store/alerts.ts';
import { createResidentStore } from './store/residents.ts';
import { createResultStore, effective } from './store/results.ts';
import type { Message } from './texts.ts';
import { STATUS_TEXT, alertText, correctionText, countOf, digestText } from './texts.ts';
import type { AlertView, BuildingView, NightSummary, NightView, Person, ResidentView } from './views.ts';

export interface AttendanceDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Where the devices of check-in points are. */
  readonly host: Pick<AgentHost, 'capability' | 'onDevices'>;
  readonly vault: Pick<Vault, 'match'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly notifications: Pick<Notifications, 'notify'>;
  readonly gates: Pick<Gates, 'sightings' | 'blind' | 'inside' | 'onSighting' | 'person' | 'identify'>;
  readonly requests: () => Pick<Requests, 'get' | 'data'>;
  readonly config: AttendanceConfig;
  readonly areas: readonly AreaConfig[];
  readonly gateConfigs: readonly GateConfig[];
  readonly calendar: CalendarConfig;
  /** A file of the hall, its digest checked. */
  readonly fetchFile: (file: { readonly url: string; readonly sha256: string }) => Promise<Result<Uint8Array>>;
  /** While it is not, no list is made. */
  readonly clockTrusted: () => boolean;
  /** Never given personal data. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Why staff say otherwise than the gates. */
export const OVERRIDE_REASONS = [
  'seen-in-person',
  'called',
  'device-fault',
  'wrong-card',
  'leave-on-paper',
  'duty',
] as const;

export interface Override {
  readonly building: string;
  readonly night: string;
  readonly subject: string;
  /** null: back to what the gates say. */
  readonly set: {
    readonly status: Exclude<Status, 'unknown'>;
    readonly reason: (typeof OVERRIDE_REASONS)[number];
  } | null;
}

/** Where residents spend the night, and what follows from it. Which buildings somebody may see is the routes' to say. */
export interface Attendance {
  /** Wraps what the roster and leaves do at the gates: they also say who lives where and is away. */
  readonly following: Following;
  readonly checkIn: CheckIn;
  buildings(staff: { mayLook(area: string): boolean; mayAct(area: string): boolean }): readonly BuildingView[];
  /** The nights of a building whose lists are made, newest first. Errors: `E-ATT-0101`. */
  nights(building: string, limit: number): Result<readonly NightSummary[]>;
  /** One night, in full and masked. Before its list is made: as things stand. Errors: `E-ATT-0101`, `E-ATT-0102`. */
  night(building: string, date: string, mayAct: boolean): Result<NightView>;
  /** @param month YYYYMM. Errors: `E-ATT-0101`, `E-ATT-0103`. */
  resident(building: string, subject: string, month: string, mayAct: boolean): Result<ResidentView>;
  /** Who it is, in full; the look is in the audit log before the answer is out. Errors: `E-ATT-0103`. */
  look(building: string, subject: string, staffId: string): Result<Person>;
  /** Says otherwise than the gates, or takes that back; recomputing leaves it alone. Errors: `E-ATT-0102`, `E-ATT-0103`, `E-ATT-0105`. */
  override(change: Override, staffId: string): Result<void>;
  /** From now on the results of a night count; those of the named residents, or all. Errors: `E-ATT-0101`, `E-ATT-0102`. */
  confirm(
    building: string,
    date: string,
    staffId: string,
    subjects?: readonly string[],
  ): Result<{ readonly confirmed: number }>;
  /** The list of a night with names in full, as CSV; that it was made is in the audit log. Errors: `E-ATT-0101`, `E-ATT-0102`. */
  export(building: string, date: string, staffId: string): Result<string>;
  /** Newest first. */
  alerts(building: string, limit: number): readonly AlertView[];
  /** Errors: `E-ATT-0104`. */
  seeAlert(id: string, staffId: string, mayActIn: (building: string) => boolean): Result<void>;
  /** Something about a building has changed. */
  onChange(listener: (building: string) => void): Cancel;
  summary(): { readonly unconfirmed: number; readonly alerts: number };
  start(): void;
  stop(): void;
  /** Forgets nights that began before. */
  forget(before: EpochMs): number;
}

const BEAT = seconds(30);
/** A hub that was down for longer makes no lists of the nights before: nobody needs them any more. */
const CATCH_UP_DAYS = 7;

export function createAttendance(deps: AttendanceDeps): Attendance {
  const { db, clock, audit, gates } = deps;
  const campusClock = campusClockOf(deps.calendar);
  const buildings = buildingsOf(deps.config, deps.areas);
  const buildingOf = new Map(buildings.map((building) => [building.area, building]));
  const results = createResultStore(db);
  const residents = createResidentStore(db);
  const alerts = createAlertStore(db);
  const people = createPeople(deps);
  const nightly = createNightly({ ...deps, results, residents, watch: gates, campusClock });
  const alertRules = createAlertRules({ residents, watch: gates, campusClock });
  const reader = createReader({ buildings, results, residents, alerts, people, nightly, campusClock, clock, gates });
  const listeners = new Set<(building: string) => void>();
  const changed = (building: string): void => {
    afterCommit(db, () => {
      for (const listener of listeners) listener(building);
    });
  };

  const send = (recipients: Building['digest'], { text, personal }: Message, dedupe: string): void => {
    for (const { channel, to } of recipients)
      deps.notifications.notify({
        channel,
        text,
        personal,
        dedupe: `${dedupe}/${channel}/${to ?? ''}`,
        ...(to !== undefined && { to }),
      });
  };
  const raise = (building: Building, alert: Omit<AlertRow, 'seenBy' | 'seenAt'>): void => {
    if (!alerts.raise(alert)) return;
    const name = gates.person(alert.kind, alert.requestId, alert.person)?.name ?? '';
    send(
      building.alerts,
      alertText(building.label, alert.type, { at: alert.at, name, timeZone: deps.calendar.timeZone }),
      `attendance-alert/${alert.id}`,
    );
    deps.log('info', 'alert in a dormitory', { building: building.area, alert: alert.type });
    changed(building.area);
  };

  const publish = (building: Building, now: EpochMs): void => {
    for (const night of nightly.due(building, now, CATCH_UP_DAYS)) {
      transact(db, () => {
        const made = nightly.publish(building, night, now);
        if (!made) return;
        const rows = results.results(building.area, night.date);
        const named = rows
          .filter((row) => counts(row.status) || row.status === 'unknown')
          .flatMap((row) => {
            const person = people(row.requestId);
            return person ? [{ status: row.status, ...person }] : [];
          });
        send(
          building.digest,
          digestText(building.label, night.date, countOf(rows.map(effective)), named),
          `attendance/${building.area}/${night.date}`,
        );
        for (const alert of alertRules.unseen(building, night.lateUntil, results.since(building.area) ?? now))
          raise(building, alert);
        deps.log('info', 'the list of a night was made', {
          building: building.area,
          night: night.date,
          residents: rows.length,
        });
        changed(building.area);
      });
    }
  };
  const told = (building: Building, date: string, corrections: readonly Correction[]): void => {
    if (corrections.length === 0) return;
    const last = results.changes(building.area, date).at(-1)?.seq ?? 0;
    send(
      building.digest,
      correctionText(
        building.label,
        date,
        corrections.map(({ before, after, requestId }) => ({ before, after, name: people(requestId)?.name ?? '' })),
      ),
      `attendance-correction/${building.area}/${date}/${last}`,
    );
    deps.log('info', 'results of a night were corrected', {
      building: building.area,
      night: date,
      results: corrections.length,
    });
  };
  const recompute = (now: EpochMs): void => {
    for (const { building: area, night } of results.marked()) {
      const building = buildingOf.get(area);
      transact(db, () => {
        if (!building) {
          results.takeMarks(area, night);
          return;
        }
        told(building, night, nightly.recompute(building, night, now));
        changed(area);
      });
    }
  };
  const sweep = (building: Building, now: EpochMs): void => {
    const over = alertRules.visitsOver(building, now);
    if (!over) return;
    transact(db, () => {
      if (!results.startRound(building.area, 'visitors', over.date, now)) return;
      for (const alert of alertRules.staying(building, over)) raise(building, alert);
    });
  };

  let cancel: Cancel = () => undefined;
  let running = false;
  const beat = (): void => {
    const now = clock.now();
    if (deps.clockTrusted()) {
      try {
        for (const building of buildings) {
          publish(building, now);
          sweep(building, now);
          nightly.watchAgain(building, now);
          nightly.close(building, now);
        }
        recompute(now);
      } catch (error) {
        deps.log('error', 'nights could not be looked at and are tried again', { err: error });
      }
    }
    if (running) cancel = clock.after(BEAT, beat);
  };

  const stopListening = gates.onSighting((sighting) => {
    const building = buildingOf.get(sighting.area);
    if (!building) return;
    if (sighting.state !== 'refused' && !sighting.companion)
      nightly.mark(building, sighting.subject, { from: sighting.at, until: sighting.at }, 'events');
    const alert = alertRules.ofSighting(building, sighting);
    if (alert) raise(building, alert);
    changed(building.area);
  });

  const moved = (subject: string, span: { from: EpochMs; until: EpochMs }, cause: 'leave' | 'roster'): void => {
    for (const { building: area } of residents.ofSubject(subject)) {
      const building = buildingOf.get(area);
      if (!building) continue;
      nightly.mark(building, subject, span, cause);
      changed(area);
    }
  };
  const checkIn = createCheckIn({ ...deps, points: deps.config.checkIn });
  const knownBuilding = (id: string): Result<Building> => {
    const building = buildingOf.get(id);
    return building ? ok(building) : failure('E-ATT-0101', id);
  };

  return {
    following: followRoster({ residents, vault: deps.vault, now: () => clock.now(), moved, checkIn }),
    checkIn,
    buildings: (staff) => reader.buildings(staff),
    nights: (id, limit) => {
      const building = knownBuilding(id);
      return building.ok ? ok(reader.nights(building.value, limit)) : building;
    },
    night: (id, date, mayAct) => {
      const building = knownBuilding(id);
      if (!building.ok) return building;
      const view = reader.night(building.value, date, mayAct);
      return view ? ok(view) : failure('E-ATT-0102', date);
    },
    resident: (id, subject, month, mayAct) => {
      const building = knownBuilding(id);
      if (!building.ok) return building;
      const view = reader.resident(building.value, subject, month, mayAct);
      return view ? ok(view) : failure('E-ATT-0103');
    },
    look: (id, subject, staffId) => {
      const row = residents.ofSubject(subject).find(({ building }) => building === id);
      const person = row && people(row.requestId);
      if (!person) return failure('E-ATT-0103');
      audit.record({ actor: `staff:${staffId}`, action: 'attendance.look', subject: `request:${row.requestId}` });
      return ok(person);
    },
    override: ({ building: id, night, subject, set }, staffId) =>
      transact(db, (): Result<void> => {
        const row = results.result(id, night, subject);
        if (!row) return results.night(id, night) ? failure('E-ATT-0103') : failure('E-ATT-0102', night);
        if (set === null && row.setStatus === null) return failure('E-ATT-0105');
        const now = clock.now();
        const by = `staff:${staffId}`;
        audit.record({
          actor: by,
          action: set ? 'attendance.override' : 'attendance.override-undo',
          subject: `request:${row.requestId}`,
          detail: {
            building: id,
            night,
            before: effective(row),
            ...(set && { after: set.status, reason: set.reason }),
          },
        });
        results.decide(row, set && { ...set, by, at: now });
        results.confirm(row, by, now);
        nightly.changed(row, set ? 'staff' : 'staff-undo', by, now);
        const after = results.result(id, night, subject);
        if (after) nightly.tell(after, now);
        changed(id);
        return ok();
      }),
    confirm: (id, date, staffId, subjects) =>
      transact(db, (): Result<{ confirmed: number }> => {
        const building = knownBuilding(id);
        if (!building.ok) return building;
        if (!results.night(id, date)) return failure('E-ATT-0102', date);
        const now = clock.now();
        const by = `staff:${staffId}`;
        const named = subjects && new Set(subjects);
        const waiting = results
          .results(id, date)
          .filter(({ confirmedBy, subject }) => confirmedBy === null && (!named || named.has(subject)));
        for (const row of waiting) {
          results.confirm(row, by, now);
          const after = results.result(id, date, row.subject);
          if (after) nightly.tell(after, now);
        }
        audit.record({
          actor: by,
          action: 'attendance.confirm',
          subject: `building:${id}`,
          detail: { night: date, results: waiting.length },
        });
        changed(id);
        return ok({ confirmed: waiting.length });
      }),
    export: (id, date, staffId) => {
      const building = knownBuilding(id);
      if (!building.ok) return building;
      const rows = results.results(id, date);
      if (!results.night(id, date)) return failure('E-ATT-0102', date);
      audit.record({
        actor: `staff:${staffId}`,
        action: 'attendance.export',
        subject: `building:${id}`,
        detail: { night: date, rows: rows.length },
      });
      const time = new Intl.DateTimeFormat('sv-SE', {
        timeZone: deps.calendar.timeZone,
        dateStyle: 'short',
        timeStyle: 'short',
      });
      const lines = rows
        .map((row) => ({ row, person: people(row.requestId) }))
        .sort((one, other) => (one.person?.room ?? '').localeCompare(other.person?.room ?? ''));
      return ok(
        csv([
          [
            '日期',
            '楼栋',
            '房间',
            '床位',
            '学号',
            '姓名',
            '学院',
            '结果',
            '依据时间',
            '人工更改',
            '已确认',
            '更正次数',
          ],
          ...lines.map(({ row, person }) => [
            isoDate(row.night),
            building.value.label.zh,
            person?.room ?? '',
            person?.bed ?? '',
            person?.number ?? '',
            person?.name ?? '',
            person?.unit ?? '',
            STATUS_TEXT[effective(row)].zh,
            row.at === null ? '' : time.format(row.at),
            row.setStatus === null ? '' : '是',
            row.confirmedBy === null ? '' : '是',
            String(row.revision),
          ]),
        ]),
      );
    },
    alerts: (building, limit) => reader.alerts(building, limit),
    seeAlert: (id, staffId, mayActIn) => {
      const alert = alerts.alert(id);
      if (!alert || !mayActIn(alert.building) || !alerts.seen(id, `staff:${staffId}`, clock.now()))
        return failure('E-ATT-0104');
      changed(alert.building);
      return ok();
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    summary: () => ({
      unconfirmed: buildings.reduce((sum, { area }) => sum + (reader.latest(area)?.unconfirmed ?? 0), 0),
      alerts: buildings.reduce((sum, { area }) => sum + alerts.unseen(area), 0),
    }),
    start: () => {
      running = true;
      checkIn.start();
      beat();
    },
    stop: () => {
      running = false;
      cancel();
      checkIn.stop();
      stopListening();
    },
    forget: (before) =>
      transact(
        db,
        () =>
          results.forget(eveningOf(campusClock, before)) +
          residents.forget(before) +
          alerts.forget(before) +
          checkIn.forget(before),
      ),
  };
}
