import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, DurationMs, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok, uuidv7 } from '@hallhub/sync/base';
import type { Revoke } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import { storeFailure } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { AreaConfig, GateConfig } from '../config/index.ts';
import type { Approved, KindHandler, Requests } from '../requests/service.ts';
import type { Vault } from '../vault/index.ts';
import type { CalendarConfig } from './calendar.ts';
import { campusClock as campusClockOf } from './calendar.ts';
import type { Feedback, RunningGate } from './edge/gate.ts';
import { runGate } from './edge/gate.ts';
import { createGateJournal } from './edge/journal.ts';
import { edgeGate, gateParts, gateSources } from './edge/parts.ts';
import { toPasses } from './enrol-passes.ts';
import type { GateKind } from './project.ts';
import { createReports } from './reports.ts';
import { standingOf } from './standing.ts';
import { createGateStore } from './store/index.ts';
import type { AlarmRow } from './store/alarms.ts';
import type { EntryRow, EntryState } from './store/entries.ts';
import type { EntryView, GateView, Identity } from './views.ts';
import { personOf, strangerOf, toEntryView } from './views.ts';

export interface GatesDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Vault;
  readonly audit: Audit;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly host: Pick<AgentHost, 'capability' | 'health'>;
  readonly calendar: CalendarConfig;
  readonly areas: readonly AreaConfig[];
  readonly gates: readonly GateConfig[];
  /** Age of the picture of the hall; undefined or infinite when it was never whole. */
  readonly pictureAge: () => DurationMs | undefined;
  readonly clockTrusted: () => boolean;
  /** Never given personal data. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** What approvals and revocations of each kind do at the gates. */
export type GateHandlers = { readonly [K in GateKind]: KindHandler<K> };

export interface Gates {
  /** Give them to the requests service before the first change arrives. */
  readonly handlers: GateHandlers;
  start(): void;
  stop(): void;
  gates(): readonly GateView[];
  /** Newest first. */
  entries(options: { readonly limit: number; readonly after?: number; readonly gateId?: string }): readonly EntryView[];
  entriesOf(requestId: string): readonly EntryView[];
  /** Whose entry it was, in full; the look is in the audit log before the answer is out. Errors: `E-GATE-0202`. */
  look(entryId: string, by: { readonly id: string; readonly mayLookIn: (area: string) => boolean }): Result<Identity>;
  onEntry(listener: (entry: EntryView) => void): Cancel;
  onAlarm(listener: (alarm: AlarmRow) => void): Cancel;
  summary(): GatesSummary;
  /** Forgets passes that ended long ago. */
  purge(before: EpochMs): number;
  /** Forgets who was refused before `before` and had no request. */
  forgetStrangers(before: EpochMs): number;
}

export interface GatesSummary {
  readonly passes: number;
  readonly today: Readonly<Partial<Record<EntryState, number>>>;
  readonly gatesDown: number;
  readonly alarms: number;
}

export function createGates(deps: GatesDeps & { readonly requests: () => Requests }): Gates {
  const { db, clock, vault } = deps;
  const store = createGateStore(db);
  const campusClock = campusClockOf(deps.calendar);
  const listeners = new Set<(entry: EntryView) => void>();
  const alarmListeners = new Set<(alarm: AlarmRow) => void>();
  const running = new Map<string, RunningGate>();
  const stops: Cancel[] = [];
  const gateOf = new Map(deps.gates.map((gate) => [gate.id, gate]));
  const reports = createReports({
    outbox: deps.outbox,
    revisionOf: (requestId) => deps.requests().get(requestId)?.revision ?? 1,
  });
  const orders = new Map(store.presence.standings().map(({ scope, standing }) => [scope, standing]));

  const identity = (row: EntryRow): Identity | undefined => {
    if (row.requestId === null || row.person === null) return strangerOf(row, vault);
    const data = deps.requests().data(row.requestId);
    return data.ok ? personOf(row.kind ?? 'visitor-access', data.value, row.person) : undefined;
  };
  const toView = (row: EntryRow): EntryView => toEntryView(row, identity(row));
  /** After the commit and after the barrier's order has left: nobody at the gate waits for the page. */
  const announce = (id: string): void => {
    if (listeners.size === 0) return;
    setImmediate(() => {
      const row = store.entries.entry(id);
      if (!row) return;
      const view = toView(row);
      for (const listener of listeners) listener(view);
    });
  };

  const journal = createGateJournal({
    db,
    ...store,
    seal: (plain, context) => vault.seal(plain, context),
    onAdded: (row) => {
      if (row.state === 'refused') reports.refused(row);
      announce(row.id);
      if (row.code !== null) deps.log('info', 'refused at a gate', { gate: row.gateId, entry: row.id, code: row.code });
    },
    onSettled: (row, at, { failure: fault }) => {
      if (row.state === 'passed' || row.state === 'unconfirmed') reports.entered(row, at);
      if (fault)
        deps.log('warn', 'barrier did not take the order', { entry: row.id, code: fault.code, detail: fault.detail });
      announce(row.id);
    },
    onAlarm: ({ id, gateId, alarm, at, clear }) => {
      if (clear) store.alarms.clear(gateId, alarm, at);
      else if (store.alarms.raise(id, gateId, alarm, at)) deps.log('warn', 'alarm at a gate', { gate: gateId, alarm });
      const row = store.alarms.alarm(id);
      if (row) for (const listener of alarmListeners) listener(row);
    },
  });

  const onChange = {
    approve: (change: Approved<GateKind>): undefined => {
      store.passes.replace(change.id, toPasses(change, vault));
    },
    revoke: (change: Revoke): void => {
      store.passes.revoke(change.id);
    },
  };

  const startGate = (gate: GateConfig): void => {
    const area = deps.areas.find(({ id }) => id === gate.area);
    const parts = area && gateParts(gate, deps.host);
    if (!parts) {
      deps.log('warn', 'gate cannot start: a device lacks what the gate needs of it', { gate: gate.id });
      return;
    }
    const feedback: Feedback = () => undefined;
    if (parts.reader)
      stops.push(
        parts.reader.onUnreadable(({ code }) => {
          deps.log('info', 'a card could not be read', { gate: gate.id, code });
        }),
      );
    running.set(
      gate.id,
      runGate({
        gate: edgeGate(gate, area),
        journal,
        sources: gateSources(parts, (type, value) => vault.match(type, value)),
        barrier: parts.barrier,
        ...(parts.passageSensor && { passageSensor: parts.passageSensor }),
        ...(parts.alarms && { alarms: parts.alarms }),
        staysOpen: parts.barrierMode !== undefined,
        clock,
        campusClock,
        standing: () => standingOf(gate, orders, campusClock, clock.now()),
        freshness: () => ({ age: deps.pictureAge(), maxStaleness: area.maxStaleness, whenStale: area.whenStale }),
        clockTrusted: deps.clockTrusted,
        otherDoorOpen: () => gate.interlock.some((other) => running.get(other)?.busy() === true),
        feedback,
        newId: () => uuidv7(clock.now(), deps.random),
        onFault: (error) => {
          deps.log('error', 'the journal of a gate cannot be written; nobody is let in', {
            gate: gate.id,
            code: storeFailure(error)?.code,
            err: error,
          });
        },
      }),
    );
  };

  /** Grants that an earlier process left open: nobody watched whether somebody walked through, and nothing is opened again. */
  const closeOrphans = (): void => {
    for (const row of store.entries.open()) journal.settle(row.id, 'unconfirmed', clock.now());
  };

  return {
    handlers: {
      'visitor-access': { kind: 'visitor-access', ...onChange },
      'vehicle-access': { kind: 'vehicle-access', ...onChange },
      'event-access': { kind: 'event-access', ...onChange },
      roster: { kind: 'roster', ...onChange },
      leave: { kind: 'leave', ...onChange },
      block: { kind: 'block', ...onChange },
    },
    start: () => {
      closeOrphans();
      for (const gate of deps.gates) startGate(gate);
    },
    stop: () => {
      for (const gate of running.values()) gate.stop();
      running.clear();
      for (const stop of stops.splice(0)) stop();
    },
    gates: () =>
      deps.gates.map((gate) => ({
        id: gate.id,
        label: gate.label,
        area: gate.area,
        direction: gate.direction,
        standing: standingOf(gate, orders, campusClock, clock.now()),
        devices: (['reader', 'scanner', 'plateReader', 'faceTerminal', 'barrier', 'passageSensor'] as const).flatMap(
          (part) => {
            const device = gate[part];
            return device === undefined ? [] : [{ part, id: device, state: deps.host.health(device)?.state ?? 'down' }];
          },
        ),
      })),
    entries: ({ limit, after, gateId }) =>
      (gateId === undefined ? store.entries.recent(limit, after) : store.entries.recentAt(gateId, limit)).map(toView),
    entriesOf: (requestId) => store.entries.ofRequest(requestId).map(toView),
    look: (entryId, by) => {
      const row = store.entries.entry(entryId);
      const person = row && identity(row);
      const area = row && gateOf.get(row.gateId)?.area;
      // An entry elsewhere is as unknown as one that never was.
      if (!person || area === undefined || !by.mayLookIn(area)) return failure('E-GATE-0202', entryId);
      deps.audit.record({ actor: `staff:${by.id}`, action: 'gate.look', subject: `entry:${entryId}` });
      return ok(person);
    },
    onEntry: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onAlarm: (listener) => {
      alarmListeners.add(listener);
      return () => alarmListeners.delete(listener);
    },
    summary: () => ({
      passes: store.passes.count(),
      today: Object.fromEntries(
        store.entries.countStates((clock.now() - 86_400_000) as EpochMs).map(({ state, count }) => [state, count]),
      ),
      gatesDown: deps.gates.filter((gate) =>
        [gate.reader, gate.barrier].some(
          (device) => device !== undefined && deps.host.health(device)?.state !== 'ready',
        ),
      ).length,
      alarms: store.alarms.unseen(),
    }),
    purge: (before) => store.passes.purge(before),
    forgetStrangers: (before) => store.entries.forgetStrangers(before),
  };
}
