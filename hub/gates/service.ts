import type { EpochMs, Result } from '@hallhub/sync/base';
import { failure, ok, plus, seconds } from '@hallhub/sync/base';
import type { Revoke } from '@hallhub/sync/contract';
import { afterCommit, transact } from '@hallhub/sync/sqlite';
import type { Approved, Requests } from '../requests/service.ts';
import { campusClock as campusClockOf } from '../calendar/index.ts';
import { createGateAgents } from './agents.ts';
import type { GateJournal } from './edge/journal.ts';
import { createGateJournal, walked } from './edge/journal.ts';
import type { Gates, GatesDeps } from './ports.ts';
import type { RunningGates } from './edge/run.ts';
import { runGates } from './edge/run.ts';
import { createStandings } from './edge/standings.ts';
import { createCodeReader, createVisitorCodeIssuer, visitorCodeSubject } from './qr/index.ts';
import { createDoubles } from './doubles.ts';
import { toPasses } from './enrol-passes.ts';
import { createIdentify } from './identify.ts';
import type { AreaView } from './occupancy.ts';
import { createOccupancy } from './occupancy.ts';
import { normalisePlate, plateForm } from './plates.ts';
import type { GateKind } from './project.ts';
import { createReports } from './reports.ts';
import { createRetention } from './retention.ts';
import { createGateStore } from './store/index.ts';
import { createBlindness } from './blind.ts';
import { createSuggestions } from './suggest.ts';
import { createTerminals } from './terminals/index.ts';
import type { AlarmRow } from './store/alarms.ts';
import type { Sighting } from './store/sightings.ts';
import { sightingOf } from './store/sightings.ts';
import type { EntryRow } from './store/entries.ts';
import type { StandingRow } from './store/presence.ts';
import type { EntryView, Identity } from './views.ts';
import { personOf, strangerOf, toEntryView } from './views.ts';

export type { GateHandlers, Gates, GatesDeps, GatesSummary } from './ports.ts';
export { ADMIT_REASONS } from './ports.ts';

/** Refusals that a misread plate explains. */
const MISREAD: ReadonlySet<string | null> = new Set(['E-GATE-0101', 'E-GATE-0137']);

/** A guard's word is for now: an agent that hears it later opens nothing. */
const ADMIT_TTL = seconds(3);

export function createGates(deps: GatesDeps & { readonly requests: () => Requests }): Gates {
  const { db, clock, vault } = deps;
  const store = createGateStore(db);
  const campusClock = campusClockOf(deps.calendar);
  const listeners = new Set<(entry: EntryView) => void>();
  const alarmListeners = new Set<(alarm: AlarmRow) => void>();
  const sightingListeners = new Set<(sighting: Sighting) => void>();
  const sighted = (row: EntryRow): void => {
    const sighting = sightingListeners.size === 0 ? undefined : sightingOf(row);
    if (sighting) for (const listener of sightingListeners) listener(sighting);
  };
  let running: RunningGates | undefined;
  const gateOf = new Map(deps.gates.map((gate) => [gate.id, gate]));
  const reports = createReports({
    outbox: deps.outbox,
    revisionOf: (requestId) => deps.requests().get(requestId)?.revision ?? 1,
  });
  const visitorCodes = createVisitorCodeIssuer(vault.derive('visitor-code'), deps.random);
  const visitorKeys = [visitorCodes.publicKey, ...(deps.visitorKeys ?? [])];
  const legacy = deps.legacyCodes ? { legacy: deps.legacyCodes } : {};
  const readCode = createCodeReader({ db, vault, passes: store.passes, visitorKeys, ...legacy });
  const standings = createStandings({ db, presence: store.presence, clock, campusClock });

  const blind = createBlindness({
    gates: deps.gates,
    campusClock,
    stoodOpen: (gate, { from, until }) => [
      ...store.sightings.stoodOpen(gate, from, until),
      // What still stands, stands open until somebody says otherwise.
      ...standings
        .orders()
        .filter(
          ({ scope, standing }) =>
            [`gate:${gate.id}`, `area:${gate.area}`].includes(scope) && (standing === 'open' || standing === 'fire'),
        )
        .map(({ since }) => ({ from: since, until })),
    ],
    dark: (deviceId, { from, until }) => deps.dark?.(deviceId, from, until) ?? [],
  });

  const countTold = new Map<string, number>();
  const areaListeners = new Set<(area: AreaView) => void>();
  const occupancy = createOccupancy({ areas: deps.areas, presence: store.presence, audit: deps.audit, clock });

  const identity = (row: EntryRow): Identity | undefined => {
    if (row.requestId === null || row.person === null) return strangerOf(row, vault);
    const data = deps.requests().data(row.requestId);
    return data.ok ? personOf(row.kind ?? 'visitor-access', data.value, row.person) : undefined;
  };
  const toView = (row: EntryRow): EntryView => toEntryView(row, identity(row));
  const announceArea = (areaId: string): void => {
    const view = occupancy.of(areaId);
    if (!view || countTold.get(areaId) === view.inside) return;
    countTold.set(areaId, view.inside);
    for (const listener of areaListeners) listener(view);
  };
  /** After the commit and after the barrier's order has left: nobody at the gate waits for the page. */
  const announce = (id: string): void => {
    if (listeners.size === 0 && areaListeners.size === 0) return;
    setImmediate(() => {
      const row = store.entries.entry(id);
      if (!row) return;
      if ((row.state === 'passed' || row.state === 'unconfirmed') && row.area !== null) announceArea(row.area);
      const view = toView(row);
      for (const listener of listeners) listener(view);
    });
  };

  const added = (row: EntryRow): void => {
    if (row.state === 'refused') {
      reports.refused(row);
      sighted(row);
    }
    doubles.added(row);
    agents.codes.taken(row);
    announce(row.id);
    if (row.code !== null) deps.log('info', 'refused at a gate', { gate: row.gateId, entry: row.id, code: row.code });
  };
  const settled = (row: EntryRow, at: EpochMs): void => {
    if (row.state === 'passed' || row.state === 'unconfirmed') {
      reports.entered(row, at);
      agents.counted(row);
      doubles.walked(row, at);
      sighted(row);
    }
    announce(row.id);
  };
  const raise: GateJournal['alarm'] = ({ id, gateId, alarm, at, clear }) => {
    if (clear) store.alarms.clear(gateId, alarm, at);
    else if (store.alarms.raise(id, gateId, alarm, at)) deps.log('warn', 'alarm at a gate', { gate: gateId, alarm });
    const row = store.alarms.alarm(id);
    if (row)
      afterCommit(db, () => {
        for (const listener of alarmListeners) listener(row);
      });
  };

  const doubles = createDoubles({ store, raise });

  const journal = createGateJournal({
    db,
    ...store,
    seal: (plain, context) => vault.seal(plain, context),
    onAdded: added,
    onSettled: (row, at, { failure: fault }) => {
      settled(row, at);
      if (fault)
        deps.log('warn', 'barrier did not take the order', { entry: row.id, code: fault.code, detail: fault.detail });
    },
    onAlarm: raise,
  });
  const agents = createGateAgents({
    db,
    store,
    pipe: deps.agents,
    requests: deps.requests,
    match: (type, value) => vault.match(type, value),
    gates: deps.gates,
    areas: deps.areas,
    devices: deps.devices,
    calendar: deps.calendar,
    visitorKeys,
    ...(deps.legacyCodes && { legacyCodes: deps.legacyCodes }),
    orders: standings.orders,
    now: () => clock.now(),
    events: {
      added,
      settled: (row, at) => {
        if (row.state === 'passed' || row.state === 'unconfirmed') walked(store, row, at);
        settled(row, at);
      },
      alarm: raise,
      released: (area, by) => {
        stand(`area:${area}`, 'fire', by);
      },
      seal: (plain, context) => vault.seal(plain, context),
      open: (sealed, context) => vault.open(sealed, context),
    },
  });

  /** An order for a scope, whoever gives it, holds at every gate of it: those that agents decide at hear of it as well. */
  const stand = (...given: Parameters<typeof standings.order>): StandingRow =>
    transact(db, () => {
      const row = standings.order(...given);
      agents.ordered(row);
      return row;
    });

  const terminals = createTerminals({
    ...deps,
    passes: store.passes,
    journal,
    campusClock,
    told: (id) => store.entries.entry(id) !== undefined,
    note: (gateId, grant) => running?.note(gateId, grant) === true,
  });
  const { entriesKept: keep } = deps;
  const suggestions = createSuggestions({
    passes: store.passes,
    match: (type, value) => vault.match(type, value),
    nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  });
  const retention = keep === undefined ? undefined : createRetention({ ...deps, store, keep });
  const identitiesOf = (requestId: string): readonly string[] =>
    store.passes.passesOfRequest(requestId).flatMap(({ identities }) => identities);

  const onChange = {
    approve: (change: Approved<GateKind>): undefined => {
      const before = store.passes.passesOfRequest(change.id);
      store.passes.replace(change.id, toPasses(change, vault));
      agents.project(
        change,
        before.map(({ id }) => id),
      );
      agents.codes.changed(before, store.passes.passesOfRequest(change.id));
      terminals.changed(change.id, [...before.flatMap(({ identities }) => identities), ...identitiesOf(change.id)]);
    },
    revoke: (change: Revoke): void => {
      store.passes.revoke(change.id);
      const passes = store.passes.passesOfRequest(change.id);
      agents.revoke(passes.map(({ id }) => id));
      if (change.kind === 'visitor-access') agents.codes.revoked(change.id, passes, change.validUntil);
      terminals.changed(change.id, identitiesOf(change.id));
    },
  };

  const agentOf = (gateId: string): { readonly agent?: string } => {
    const agent = agents.agentOf(gateId);
    return agent === undefined ? {} : { agent };
  };
  const isScope = (scope: string): boolean =>
    deps.areas.some(({ id }) => scope === `area:${id}`) || deps.gates.some(({ id }) => scope === `gate:${id}`);
  const order = (scope: string, standing: 'lock-down' | 'open', staffId: string): Result<void> => {
    if (!isScope(scope)) return failure('E-GATE-0203', scope);
    // Doors that a fire has released are locked again by relaxing it, and by nothing else.
    if (standings.orders().some((row) => row.scope === scope && row.standing === 'fire'))
      return failure('E-GATE-0121', scope);
    transact(db, () => {
      deps.audit.record({ actor: `staff:${staffId}`, action: `gate.${standing}`, subject: scope });
      stand(scope, standing, `staff:${staffId}`);
    });
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
        gates: deps.gates.filter(({ id }) => agents.agentOf(id) === undefined),
        areas: deps.areas,
        host: deps.host,
        entries: store.entries,
        journal,
        standings: { ...standings, order: stand },
        match: (type, value) => vault.match(type, value),
        codes: readCode,
        clock,
        campusClock,
        random: deps.random,
        pictureAge: deps.pictureAge,
        clockTrusted: deps.clockTrusted,
        alone: agents.unheard,
        log: deps.log,
      });
      terminals.start();
      retention?.start();
    },
    stop: () => {
      retention?.stop();
      terminals.stop();
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
        ...agentOf(gate.id),
        devices: (
          ['reader', 'scanner', 'plateReader', 'faceTerminal', 'terminal', 'barrier', 'passageSensor'] as const
        ).flatMap((part) => {
          const device = gate[part];
          return device === undefined ? [] : [{ part, id: device, state: deps.host.health(device)?.state ?? 'down' }];
        }),
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
    part: agents.part,
    suggestions: async (entryId, by) => {
      const row = store.entries.entry(entryId);
      const gate = row && gateOf.get(row.gateId);
      const read = row && strangerOf(row, vault);
      if (!read || !gate || row.method !== 'plate' || row.state !== 'refused' || !by.mayLookIn(gate.area))
        return failure('E-GATE-0202', entryId);
      deps.audit.record({ actor: `staff:${by.id}`, action: 'gate.suggest', subject: `entry:${entryId}` });
      const plate = normalisePlate(read.number);
      const at = { gate: gate.id, area: gate.area, now: clock.now() };
      const found = MISREAD.has(row.code) ? await suggestions.near(plate, at) : ok([]);
      if (!found.ok) return found;
      return ok({
        plate,
        form: plateForm(plate),
        near: found.value.map(({ pass, ...meant }) => ({
          ...meant,
          requestId: pass.requestId,
          validUntil: pass.validUntil,
        })),
      });
    },
    areas: () => occupancy.all(),
    correctCount: (correction, staffId) => {
      const corrected = transact(db, () => {
        const done = occupancy.correct(correction, staffId);
        if (done.ok) agents.corrected(correction.area);
        return done;
      });
      if (corrected.ok) announceArea(correction.area);
      return corrected;
    },
    onArea: (listener) => {
      areaListeners.add(listener);
      return () => areaListeners.delete(listener);
    },
    admit: async ({ gateId, entryId, reason }, staffId) => {
      const row = entryId === undefined ? undefined : store.entries.entry(entryId);
      if (entryId !== undefined && row?.gateId !== gateId) return failure('E-GATE-0202', entryId);
      const elsewhere = agents.agentOf(gateId) !== undefined;
      if (!elsewhere && running?.runs(gateId) !== true) return failure('E-GATE-0203', gateId);
      const pass = row?.passId === null || row === undefined ? undefined : store.passes.pass(row.passId);
      deps.audit.record({
        actor: `staff:${staffId}`,
        action: 'gate.admit',
        subject: `gate:${gateId}`,
        // Whom it was for, where it answers a refusal.
        detail: { reason, ...(row && { entry: row.id, ...(row.code !== null && { refused: row.code }) }) },
      });
      const stranger = row && strangerOf(row, vault);
      if (elsewhere) {
        const order = { by: staffId, reason, expiresAt: plus(clock.now(), ADMIT_TTL) };
        return agents.admit(gateId, { ...order, ...(pass && { passId: pass.id }) }, pass ? undefined : stranger);
      }
      const admitted = running?.admit(gateId, {
        by: staffId,
        reason,
        ...(pass && { pass }),
        ...(stranger && { stranger }),
      });
      if (!admitted) return failure('E-GATE-0203', gateId);
      return admitted.ok ? ok({ entryId: admitted.value }) : admitted;
    },
    present: async (gateId, shown) => {
      if (agents.agentOf(gateId) !== undefined) return agents.present(gateId, shown, plus(clock.now(), ADMIT_TTL));
      const { method, stranger } = shown;
      const identity = 'passId' in shown ? store.passes.pass(shown.passId)?.identities[0] : undefined;
      const credential = 'passId' in shown ? Buffer.from(identity ?? '', 'hex') : vault.match(shown.type, shown.value);
      const told = running?.present(gateId, { method, credential, ...(stranger && { stranger }), at: clock.now() });
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
      transact(db, () => {
        deps.audit.record({ actor: `staff:${staffId}`, action: 'gate.relax', subject: scope });
        const relaxed = standings.relax(scope);
        if (relaxed) agents.relaxed(relaxed);
      });
      // A contact that still alarms has released the doors again before any of them moved.
      return standings.orders().some((row) => row.scope === scope && row.standing === 'fire')
        ? failure('E-GATE-0128', scope)
        : ok(undefined);
    },
    orders: () => standings.orders(),
    alarms: ({ limit }) => store.alarms.list(limit),
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
    onSighting: (listener) => {
      sightingListeners.add(listener);
      return () => sightingListeners.delete(listener);
    },
    sightings: store.sightings,
    identify: createIdentify({ store, vault, readCode, random: deps.random, takenAt: agents.codes.takenAt }),
    person: (kind, requestId, person) => {
      const data = deps.requests().data(requestId);
      return data.ok ? personOf(kind, data.value, person) : undefined;
    },
    inside: (area) => store.presence.inside(area),
    blind: (area, from, until) => blind(area, { from, until }),
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
    terminals: () => terminals.views(),
    putAllAgain: (deviceId, staffId) =>
      transact(db, () => {
        const people = terminals.putAllAgain(deviceId);
        if (people === undefined) return failure('E-GATE-0203', deviceId);
        const subject = `device:${deviceId}`;
        deps.audit.record({ actor: `staff:${staffId}`, action: 'gate.put-all-again', subject, detail: { people } });
        return ok({ people });
      }),
    purge: (before) =>
      store.codes.forgetWithdrawn(clock.now()) +
      store.passes.purge(before) +
      terminals.forget(before) +
      store.sightings.forget(before),
    forgetStrangers: (before) => store.entries.forgetStrangers(before),
  };
}
