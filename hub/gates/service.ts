import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, DurationMs, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Revoke } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { AreaConfig, GateConfig } from '../config/index.ts';
import type { Approved, KindHandler, Requests } from '../requests/service.ts';
import type { Vault } from '../vault/index.ts';
import type { CalendarConfig } from './calendar.ts';
import { campusClock as campusClockOf } from './calendar.ts';
import type { Told } from './edge/gate.ts';
import { createGateJournal } from './edge/journal.ts';
import type { Presentation } from './edge/presentation.ts';
import type { RunningGates } from './edge/run.ts';
import { runGates } from './edge/run.ts';
import { createStandings } from './edge/standings.ts';
import { createCodeReader, createVisitorCodeIssuer, visitorCodeSubject } from './qr/index.ts';
import { toPasses } from './enrol-passes.ts';
import type { GateKind } from './project.ts';
import { createReports } from './reports.ts';
import { createGateStore } from './store/index.ts';
import type { AlarmRow } from './store/alarms.ts';
import type { StandingRow } from './store/presence.ts';
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
  readonly host: Pick<AgentHost, 'capability' | 'health' | 'onDevices'>;
  readonly calendar: CalendarConfig;
  readonly areas: readonly AreaConfig[];
  readonly gates: readonly GateConfig[];
  /** Whose visitor codes are believed beside this hub's own: Ed25519, raw, base64. */
  readonly visitorKeys?: readonly string[];
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
  /** Lets one through by hand; who did and why is in the audit log before the barrier is told. Errors: `E-GATE-0202`, `E-GATE-0203`. */
  admit(order: AdmitRequest, staffId: string): Result<{ readonly entryId: string }>;
  /** Judges a credential that a guard typed or looked up as if it had been shown. Errors: `E-GATE-0203`. */
  present(gateId: string, shown: Omit<Presentation, 'at'>): Result<Told>;
  /** What an approved visitor shows at a scanner, until the approval ends. Errors: `E-GATE-0242`. */
  visitorCode(requestId: string, person: number): Result<{ readonly text: string; readonly expiresAt: EpochMs }>;
  /** Shuts a scope (`area:<id>`, `gate:<id>`) to all who may not override, until it is relaxed. Errors: `E-GATE-0203`. */
  lockDown(scope: string, staffId: string): Result<void>;
  /** Leaves a scope open, until it is relaxed. Errors: `E-GATE-0203`. */
  leaveOpen(scope: string, staffId: string): Result<void>;
  /** Back to the schedule; also how doors that a fire released are locked again. Errors: `E-GATE-0203`, `E-GATE-0204`. */
  relax(scope: string, staffId: string): Result<void>;
  /** What was ordered against the schedule. */
  orders(): readonly StandingRow[];
  /** Newest first. */
  alarms(options: { readonly limit: number }): readonly AlarmRow[];
  /** Somebody has seen to it. Errors: `E-GATE-0202`. */
  seeAlarm(id: string, staffId: string): Result<void>;
  onEntry(listener: (entry: EntryView) => void): Cancel;
  onAlarm(listener: (alarm: AlarmRow) => void): Cancel;
  summary(): GatesSummary;
  /** Forgets passes that ended long ago. */
  purge(before: EpochMs): number;
  /** Forgets who was refused before `before` and had no request. */
  forgetStrangers(before: EpochMs): number;
}

/** Reasons from which a guard chooses when admitting by hand. */
export const ADMIT_REASONS = [
  'host-vouches',
  'document-checked',
  'device-fault',
  'emergency',
  'official-business',
] as const;

export interface AdmitRequest {
  readonly gateId: string;
  /** The refusal that is overruled; absent: somebody who showed nothing. */
  readonly entryId?: string | undefined;
  readonly reason: (typeof ADMIT_REASONS)[number];
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
  let running: RunningGates | undefined;
  const gateOf = new Map(deps.gates.map((gate) => [gate.id, gate]));
  const reports = createReports({
    outbox: deps.outbox,
    revisionOf: (requestId) => deps.requests().get(requestId)?.revision ?? 1,
  });
  const visitorCodes = createVisitorCodeIssuer(vault.derive('visitor-code'), deps.random);
  const standings = createStandings({ presence: store.presence, clock, campusClock });

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

  const isScope = (scope: string): boolean =>
    deps.areas.some(({ id }) => scope === `area:${id}`) || deps.gates.some(({ id }) => scope === `gate:${id}`);
  const order = (scope: string, standing: 'lock-down' | 'open', staffId: string): Result<void> => {
    if (!isScope(scope)) return failure('E-GATE-0203', scope);
    deps.audit.record({ actor: `staff:${staffId}`, action: `gate.${standing}`, subject: scope });
    standings.order(scope, standing, `staff:${staffId}`);
    return ok(undefined);
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
      running = runGates({
        gates: deps.gates,
        areas: deps.areas,
        host: deps.host,
        entries: store.entries,
        journal,
        standings,
        match: (type, value) => vault.match(type, value),
        codes: createCodeReader({
          db,
          vault,
          passes: store.passes,
          visitorKeys: [visitorCodes.publicKey, ...(deps.visitorKeys ?? [])],
        }),
        clock,
        campusClock,
        random: deps.random,
        pictureAge: deps.pictureAge,
        clockTrusted: deps.clockTrusted,
        alone: () => false,
        log: deps.log,
      });
    },
    stop: () => {
      running?.stop();
      running = undefined;
    },
    gates: () =>
      deps.gates.map((gate) => ({
        id: gate.id,
        label: gate.label,
        area: gate.area,
        direction: gate.direction,
        standing: standings.of(gate),
        schedule: gate.schedule,
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
    admit: ({ gateId, entryId, reason }, staffId) => {
      const row = entryId === undefined ? undefined : store.entries.entry(entryId);
      if (entryId !== undefined && row?.gateId !== gateId) return failure('E-GATE-0202', entryId);
      if (running?.runs(gateId) !== true) return failure('E-GATE-0203', gateId);
      const pass = row?.passId === null || row === undefined ? undefined : store.passes.pass(row.passId);
      deps.audit.record({
        actor: `staff:${staffId}`,
        action: 'gate.admit',
        subject: `gate:${gateId}`,
        detail: { reason },
      });
      const stranger = row && strangerOf(row, vault);
      const admitted = running.admit(gateId, {
        by: staffId,
        reason,
        ...(pass && { pass }),
        ...(stranger && { stranger }),
      });
      return admitted === undefined ? failure('E-GATE-0203', gateId) : ok({ entryId: admitted });
    },
    present: (gateId, shown) => {
      const told = running?.present(gateId, { ...shown, at: clock.now() });
      return told ? ok(told) : failure('E-GATE-0203', gateId);
    },
    visitorCode: (requestId, person) => {
      const pass = store.passes.pass(`${requestId}#${person}`);
      if (pass?.kind !== 'visitor-access' || pass.revoked || pass.validUntil <= clock.now())
        return failure('E-GATE-0242', requestId);
      const expiresAt = pass.validUntil;
      return ok({ text: visitorCodes.issue({ subject: visitorCodeSubject(pass.id), expiresAt }), expiresAt });
    },
    lockDown: (scope, staffId) => order(scope, 'lock-down', staffId),
    leaveOpen: (scope, staffId) => order(scope, 'open', staffId),
    relax: (scope, staffId) => {
      if (!isScope(scope)) return failure('E-GATE-0203', scope);
      if (!standings.orders().some((given) => given.scope === scope)) return failure('E-GATE-0204', scope);
      deps.audit.record({ actor: `staff:${staffId}`, action: 'gate.relax', subject: scope });
      standings.relax(scope);
      return ok(undefined);
    },
    orders: () => standings.orders(),
    alarms: ({ limit }) => store.alarms.recent(limit),
    seeAlarm: (id, staffId) => {
      if (!store.alarms.seen(id, staffId, clock.now())) return failure('E-GATE-0202', id);
      return ok(undefined);
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
