import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, Code, DurationMs, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, iso, ok, uuidv7 } from '@hallhub/sync/base';
import type { VisitorAccess } from '@hallhub/sync/contract';
import { visitorEntered, visitorRefused } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import { onRollback, storeFailure, transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { AreaConfig, GateConfig, Label } from '../config/index.ts';
import type { Approved, KindHandler, Requests } from '../requests/service.ts';
import type { Vault } from '../vault/index.ts';
import { maskName, maskNumber } from '../vault/index.ts';
import type { EntryState, GateJournal, NewEntry } from './edge.ts';
import { runGate } from './edge.ts';
import { localTime } from './local-time.ts';
import type { EntryRow } from './store.ts';
import { createGateStore } from './store.ts';

export interface GatesDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Vault;
  readonly audit: Audit;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly host: Pick<AgentHost, 'capability' | 'health' | 'onDevices'>;
  readonly timeZone: string;
  readonly areas: readonly AreaConfig[];
  readonly gates: readonly GateConfig[];
  /** Age of the picture of the hall; undefined or infinite when it was never whole. */
  readonly pictureAge: () => DurationMs | undefined;
  readonly clockTrusted: () => boolean;
  /** Never given personal data. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** An entry as a guard sees it: masked. */
export interface EntryView {
  readonly seq: number;
  readonly id: string;
  readonly gateId: string;
  readonly at: EpochMs;
  readonly state: EntryState;
  readonly code?: Code;
  readonly requestId?: string;
  /** Came in on this person's card. */
  readonly companion?: boolean;
  readonly name?: string;
  readonly number?: string;
  readonly settledAt?: EpochMs;
}

export interface GateView {
  readonly id: string;
  readonly label: Label;
  readonly area: string;
  readonly direction: 'in' | 'out';
  readonly devices: readonly {
    readonly part: 'reader' | 'barrier' | 'passageSensor';
    readonly id: string;
    readonly state: string;
  }[];
}

export interface Gates {
  /** What approvals and revocations of visits do here. Give the requests service before the first change arrives. */
  readonly handler: KindHandler<'visitor-access'>;
  start(): void;
  stop(): void;
  gates(): readonly GateView[];
  /** Newest first. */
  entries(options: { readonly limit: number; readonly after?: number; readonly gateId?: string }): readonly EntryView[];
  entriesOf(requestId: string): readonly EntryView[];
  /** Whose entry it was, in full; the look is in the audit log before the answer is out. Errors: `E-GATE-0202`. */
  look(
    entryId: string,
    by: { readonly id: string; readonly mayLookIn: (area: string) => boolean },
  ): Result<{ readonly name: string; readonly number: string }>;
  onEntry(listener: (entry: EntryView) => void): Cancel;
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
}

/** Which credential a document becomes at a reader. */
const credentialOf = (document: VisitorAccess['people'][number]['document']): { type: string; value: string } => ({
  type: document.type,
  value: document.number,
});

export function createGates(deps: GatesDeps & { readonly requests: () => Requests }): Gates {
  const { db, clock, vault, outbox } = deps;
  const store = createGateStore(db);
  const listeners = new Set<(entry: EntryView) => void>();
  const running = new Map<string, { readonly parts: readonly unknown[]; readonly stop: Cancel }>();
  let stopFollowing: Cancel = () => undefined;
  const gateOf = new Map(deps.gates.map((gate) => [gate.id, gate]));

  const identity = (row: EntryRow): { name: string; number: string } | undefined => {
    if (row.requestId !== null && row.person !== null) {
      const data = deps.requests().data(row.requestId);
      const person = data.ok ? (data.value as Partial<VisitorAccess>).people?.[row.person] : undefined;
      return person && { name: person.name, number: person.document.number };
    }
    if (row.display === null) return undefined;
    const opened = vault.open(row.display, `gate-entry/${row.id}`);
    return opened.ok
      ? (JSON.parse(Buffer.from(opened.value).toString('utf8')) as { name: string; number: string })
      : undefined;
  };
  const toView = (row: EntryRow): EntryView => {
    const person = identity(row);
    return {
      seq: row.seq,
      id: row.id,
      gateId: row.gateId,
      at: row.at,
      state: row.state,
      ...(row.code !== null && { code: row.code as Code }),
      ...(row.requestId !== null && { requestId: row.requestId }),
      ...(row.companion === 1 && { companion: true }),
      ...(person && { name: maskName(person.name), number: maskNumber(person.number) }),
      ...(row.settledAt !== null && { settledAt: row.settledAt }),
    };
  };
  /** After the commit and after the barrier's order has left: nobody at the gate waits for the page. */
  const announce = (id: string): void => {
    if (listeners.size === 0) return;
    setImmediate(() => {
      const row = store.entry(id);
      if (!row) return;
      const view = toView(row);
      for (const listener of listeners) listener(view);
    });
  };

  const reportEntered = (row: EntryRow, passage: 'observed' | 'unconfirmed', at: EpochMs): void => {
    if (row.requestId === null || row.person === null) return;
    const revision = deps.requests().get(row.requestId)?.revision ?? 1;
    outbox.append({
      type: visitorEntered,
      subject: row.requestId,
      time: at,
      data: {
        revision,
        at: iso(at),
        person: row.person,
        gate: row.gateId,
        direction: gateOf.get(row.gateId)?.direction ?? 'in',
        companions: row.companion,
        passage,
      },
    });
  };

  const journal: GateJournal = {
    passesOf: store.passesOf,
    add: (entry: NewEntry) => {
      transact(db, () => {
        store.addEntry({
          id: entry.id,
          gateId: entry.gateId,
          at: entry.at,
          state: entry.state,
          ...(entry.code && { code: entry.code }),
          ...(entry.pass && { requestId: entry.pass.requestId, person: entry.pass.person }),
          ...(entry.companion && { companion: true }),
          ...(entry.credential && { credential: entry.credential }),
          ...(entry.stranger && {
            display: vault.seal(Buffer.from(JSON.stringify(entry.stranger)), `gate-entry/${entry.id}`),
          }),
        });
        if (entry.code && entry.pass) {
          const revision = deps.requests().get(entry.pass.requestId)?.revision ?? 1;
          outbox.append({
            type: visitorRefused,
            subject: entry.pass.requestId,
            time: entry.at,
            data: { revision, at: iso(entry.at), person: entry.pass.person, gate: entry.gateId, code: entry.code },
          });
        }
      });
      announce(entry.id);
      if (entry.code) deps.log('info', 'refused at a gate', { gate: entry.gateId, entry: entry.id, code: entry.code });
    },
    settle: (id, state, at, evidence = {}) => {
      const moved = transact(db, () => {
        const code = evidence.failure ? 'E-GATE-0201' : undefined;
        const changed = store.settle(id, state, at, {
          ...(code && { code }),
          ...(evidence.confirmation && { confirmation: evidence.confirmation }),
        });
        const row = changed ? store.entry(id) : undefined;
        if (row && (state === 'passed' || state === 'unconfirmed'))
          reportEntered(row, state === 'passed' ? 'observed' : 'unconfirmed', at);
        return changed;
      });
      if (evidence.failure)
        deps.log('warn', 'barrier did not take the order', {
          entry: id,
          code: evidence.failure.code,
          detail: evidence.failure.detail,
        });
      if (moved) announce(id);
      return moved;
    },
    joined: () => db.inTransaction,
    onUndone: (undo) => {
      onRollback(db, undo);
    },
  };

  const handler: KindHandler<'visitor-access'> = {
    kind: 'visitor-access',
    approve: (change: Approved<'visitor-access'>) => {
      store.replacePasses(
        {
          requestId: change.id,
          validFrom: change.validFrom,
          validUntil: change.validUntil,
          places: [...change.data.gates, ...change.data.areas],
        },
        change.data.people.map(({ document }, person) => {
          const { type, value } = credentialOf(document);
          return {
            credential: vault.match(type, value),
            person,
            companions: person === 0 ? change.data.companions : 0,
          };
        }),
      );
      return undefined;
    },
    revoke: (change) => {
      store.revokePasses(change.id);
    },
  };

  /** Starts the gate, or starts it anew when a device of it can other things than before. */
  const startGate = (gate: GateConfig): void => {
    const reader = deps.host.capability(gate.reader, 'cardReader');
    const barrier = deps.host.capability(gate.barrier, 'barrier');
    const passageSensor =
      gate.passageSensor === undefined ? undefined : deps.host.capability(gate.passageSensor, 'passageSensor');
    const area = deps.areas.find(({ id }) => id === gate.area);
    const parts = [reader, barrier, passageSensor];
    const known = running.get(gate.id);
    if (known?.parts.every((part, index) => part === parts[index]) === true) return;
    if (known) {
      known.stop();
      running.delete(gate.id);
      closeOrphans(gate.id);
    }
    if (!reader || !barrier || !area || (gate.passageSensor !== undefined && !passageSensor)) {
      deps.log('warn', 'gate cannot start: a device lacks what the gate needs of it', { gate: gate.id });
      return;
    }
    const stops = [
      reader.onUnreadable(({ code }) => {
        deps.log('info', 'a card could not be read', { gate: gate.id, code });
      }),
      runGate({
        gate,
        staleness: area,
        journal,
        reader,
        barrier,
        ...(passageSensor && { passageSensor }),
        clock,
        localTime: localTime(deps.timeZone),
        pictureAge: deps.pictureAge,
        clockTrusted: deps.clockTrusted,
        match: (type, value) => vault.match(type, value),
        newId: () => uuidv7(clock.now(), deps.random),
        onFault: (error) => {
          deps.log('error', 'the journal of a gate cannot be written; nobody is let in', {
            gate: gate.id,
            code: storeFailure(error)?.code,
            err: error,
          });
        },
      }),
    ];
    running.set(gate.id, {
      parts,
      stop: () => {
        for (const stop of stops) stop();
      },
    });
  };

  /** Grants that were left open: nobody watched whether somebody walked through, and nothing is opened again. */
  const closeOrphans = (gateId?: string): void => {
    for (const row of store.openEntries()) {
      if (gateId === undefined || row.gateId === gateId) journal.settle(row.id, 'unconfirmed', clock.now());
    }
  };
  const startGates = (): void => {
    for (const gate of deps.gates) startGate(gate);
  };

  return {
    handler,
    start: () => {
      closeOrphans();
      startGates();
      stopFollowing = deps.host.onDevices(startGates);
    },
    stop: () => {
      stopFollowing();
      for (const { stop } of running.values()) stop();
      running.clear();
    },
    gates: () =>
      deps.gates.map(({ id, label, area, direction, ...parts }) => ({
        id,
        label,
        area,
        direction,
        devices: (['reader', 'barrier', 'passageSensor'] as const).flatMap((part) => {
          const device = parts[part];
          return device === undefined ? [] : [{ part, id: device, state: deps.host.health(device)?.state ?? 'down' }];
        }),
      })),
    entries: ({ limit, after, gateId }) =>
      store
        .recent(limit, after)
        .filter((row) => gateId === undefined || row.gateId === gateId)
        .map(toView),
    entriesOf: (requestId) => store.entriesOf(requestId).map(toView),
    look: (entryId, by) => {
      const row = store.entry(entryId);
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
    summary: () => ({
      passes: store.countPasses(),
      today: Object.fromEntries(
        store.countStates((clock.now() - 86_400_000) as EpochMs).map(({ state, count }) => [state, count]),
      ),
      gatesDown: deps.gates.filter((gate) =>
        [gate.reader, gate.barrier].some((device) => deps.host.health(device)?.state !== 'ready'),
      ).length,
    }),
    purge: (before) => store.purgePasses(before),
    forgetStrangers: (before) => store.forgetStrangers(before),
  };
}
