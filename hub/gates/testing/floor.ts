import { randomBytes } from 'node:crypto';
import type { CapabilityMap } from '@hallhub/device-drivers/capabilities';
import type { Receipt } from '@hallhub/device-drivers/kit';
import type { DurationMs, EpochMs, ManualClock } from '@hallhub/sync/base';
import { epochMs, manualClock, ms, systemRandom } from '@hallhub/sync/base';
import { changeSchema, requestKinds } from '@hallhub/sync/contract';
import type { NewEvent, Outbox } from '@hallhub/sync/outbox';
import type { Db, SchemaComponent } from '@hallhub/sync/sqlite';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import type { Audit } from '../../audit/index.ts';
import { auditSchema, createAudit } from '../../audit/index.ts';
import type { AreaConfig, DeviceConfig, GateConfig } from '../../config/index.ts';
import { areaSchema, gateSchema } from '../../config/index.ts';
import { createRequests, requestsSchema } from '../../requests/index.ts';
import type { Requests } from '../../requests/index.ts';
import type { Vault } from '../../vault/index.ts';
import { createVault } from '../../vault/index.ts';
import type { GateKind } from '../project.ts';
import type { GatePipe } from '../agents.ts';
import { noAgents } from './no-agents.ts';
import { createDesk, gateDeskSchema } from '../desk/index.ts';
import { gateCodeSchema } from '../qr/index.ts';
import type { CalendarConfig } from '../../calendar/index.ts';
import type { GateHandlers, Gates } from '../index.ts';
import type { LegacyCodes } from '../qr/index.ts';
import { createGates, gateTerminalsSchema, gatesSchema } from '../index.ts';

type Listener = (event: never) => void;

/** What a domain beside the gates is made of. */
export interface FloorParts {
  readonly db: Db;
  readonly clock: ManualClock;
  readonly vault: Vault;
  readonly audit: Audit;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly gates: Gates;
  readonly calendar: CalendarConfig;
  readonly areas: readonly AreaConfig[];
  readonly gateConfigs: readonly GateConfig[];
  readonly requests: () => Requests;
  readonly clockTrusted: () => boolean;
}

/** One hand-driven event source a device and event. */
function createEvents() {
  const listeners = new Map<string, Set<Listener>>();
  return {
    on: (device: string, event: string) => (listener: Listener) => {
      const key = `${device}/${event}`;
      const set = listeners.get(key) ?? new Set();
      listeners.set(key, set.add(listener));
      return () => set.delete(listener);
    },
    emit: (device: string, event: string, data: unknown): void => {
      for (const listener of listeners.get(`${device}/${event}`) ?? []) listener(data as never);
    },
  };
}

/**
 * Gates over a real database with devices moved by hand, on a clock moved by hand. Every device has every capability that a
 * gate may ask for, except the modes of a barrier and the contact of a door, which `modes` and `doors` grant.
 */
export function createFloor(config: {
  readonly areas: readonly object[];
  readonly gates: readonly object[];
  readonly modes?: boolean;
  /** Every device has the contact of a door. */
  readonly doors?: boolean;
  readonly legacyCodes?: LegacyCodes;
  readonly entriesKept?: DurationMs;
  readonly visitorKeys?: readonly string[];
  readonly holidays?: readonly string[];
  readonly now?: EpochMs;
  /** Those that hang on an agent; what it tells goes to `gates.part`. */
  readonly devices?: readonly DeviceConfig[];
  readonly agents?: GatePipe;
  /** Another domain that listens in on what gates do. */
  readonly neighbour?: {
    readonly schemas: readonly SchemaComponent[];
    readonly join: (floor: FloorParts) => Partial<GateHandlers>;
  };
}) {
  const db = openDatabase({ file: ':memory:' });
  migrate({
    db,
    components: [
      ...[auditSchema, requestsSchema, gatesSchema, gateTerminalsSchema, gateDeskSchema, gateCodeSchema],
      ...(config.neighbour?.schemas ?? []),
    ],
  });
  const clock = manualClock(config.now ?? epochMs(Date.UTC(2026, 10, 22, 2)));
  const vault = createVault(randomBytes(32));
  const audit = createAudit({ db, clock });
  const events = createEvents();
  const outcomes: NewEvent[] = [];
  /** `<barrier> open in`, `<barrier> free`, `<reader> <text>`: what devices were told, in order. */
  const told: string[] = [];
  const faults: unknown[] = [];
  const warnings: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  const state = {
    age: ms(0) as DurationMs | undefined,
    clockTrusted: true,
    fire: false,
    openDoors: new Set<string>(),
    dark: [] as { device: string; from: EpochMs; until: EpochMs }[],
    receipt: 'ok' as 'ok' | 'E-DEV-0203',
  };
  const receipt = (id: string): Promise<Receipt> =>
    Promise.resolve(
      state.receipt === 'ok'
        ? { ok: true, value: { commandId: id, confirmation: 'acknowledged', at: clock.now() } }
        : { ok: false, error: { code: state.receipt } },
    );
  const capabilities = (device: string): Partial<CapabilityMap> => ({
    cardReader: { onCard: events.on(device, 'card'), onUnreadable: events.on(device, 'unreadable') },
    codeScanner: { onScan: events.on(device, 'scan'), onUnreadable: events.on(device, 'unreadable') },
    plateReader: { onPlate: events.on(device, 'plate') },
    faceTerminal: { onRecognised: events.on(device, 'recognised') },
    passageSensor: { onPassage: events.on(device, 'passage') },
    gateAlarm: { onAlarm: events.on(device, 'alarm') },
    ...(config.doors && {
      doorContact: {
        onDoor: events.on(device, 'door'),
        state: () => Promise.resolve({ ok: true, value: { open: state.openDoors.has(device) } }),
      },
    }),
    fireInput: {
      onFire: events.on(device, 'fire'),
      state: () => Promise.resolve({ ok: true, value: { alarm: state.fire } }),
    },
    indicator: {
      show: ({ id, args }) => {
        told.push(`${device} ${args.light?.colour ?? ''} ${args.text ?? ''}`);
        return receipt(id);
      },
    },
    barrier: {
      open: ({ id, args }) => {
        told.push(`${device} open ${args.direction}`);
        return receipt(id);
      },
    },
    ...(config.modes && {
      barrierMode: {
        mode: ({ id, args }) => {
          told.push(`${device} ${args.mode}`);
          return receipt(id);
        },
      },
    }),
  });
  const outbox = {
    append: (event: NewEvent) => {
      outcomes.push(event);
      return 'id';
    },
  };
  const areas = config.areas.map((area) => areaSchema.parse({ label: { zh: '区', en: 'Area' }, ...area }));
  const gateConfigs = config.gates.map((gate) => gateSchema.parse({ label: { zh: '门', en: 'Gate' }, ...gate }));
  const calendar = { timeZone: 'Asia/Shanghai', holidays: config.holidays ?? [], workdays: [] };
  const gates = createGates({
    db,
    clock,
    random: systemRandom,
    vault,
    audit,
    outbox,
    host: {
      capability: (device, name) => capabilities(device)[name],
      health: () => ({ state: 'ready', since: clock.now() }),
      onDevices: () => () => undefined,
    },
    requests: () => requests,
    devices: config.devices ?? [],
    ...(config.legacyCodes && { legacyCodes: config.legacyCodes }),
    ...(config.entriesKept !== undefined && { entriesKept: config.entriesKept }),
    ...(config.visitorKeys && { visitorKeys: config.visitorKeys }),
    agents: config.agents ?? noAgents,
    calendar,
    areas,
    gates: gateConfigs,
    pictureAge: () => state.age,
    clockTrusted: () => state.clockTrusted,
    dark: (device) => state.dark.filter((span) => span.device === device),
    log: (level, message, fields) => {
      if (level === 'error') faults.push(fields['code'] ?? fields['err']);
      if (level === 'warn') warnings.push({ message, fields });
    },
  });
  const desk = createDesk({
    db,
    clock,
    random: systemRandom,
    vault,
    audit,
    outbox,
    gates,
    requests: () => requests,
    hub: { id: 'hub-1', label: { zh: '主校区', en: 'Main campus' } },
    calendar,
    areas,
    gateConfigs,
  });
  const handlers = Object.values({
    ...gates.handlers,
    'visitor-access': desk.following(gates.handlers['visitor-access']),
    ...config.neighbour?.join({
      ...{ db, clock, vault, audit, outbox, gates, calendar, areas, gateConfigs },
      requests: () => requests,
      clockTrusted: () => state.clockTrusted,
    }),
  });
  const requests: Requests = createRequests({ db, clock, vault, handlers });
  const revisions = new Map<string, number>();
  const change = (
    op: 'upsert' | 'revoke',
    kind: GateKind,
    id: string,
    data: object,
    window: { from?: EpochMs; until?: EpochMs },
  ) => {
    const revision = (revisions.get(id) ?? 0) + 1;
    revisions.set(id, revision);
    const reading = requestKinds.read(
      changeSchema.parse({
        id,
        kind,
        schemaVersion: '1.0',
        revision,
        op,
        validFrom: new Date(window.from ?? clock.now() - 60_000).toISOString(),
        validUntil: new Date(window.until ?? clock.now() + 86_400_000).toISOString(),
        committedAt: new Date(clock.now()).toISOString(),
        data,
      }),
    );
    if (reading.status !== 'accepted') throw new Error(`${kind} ${id}: ${JSON.stringify(reading)}`);
    requests.project(reading.change);
  };
  gates.start();
  return {
    db,
    clock,
    vault,
    audit,
    gates,
    desk,
    state,
    told,
    faults,
    warnings,
    outcomes,
    emit: events.emit,
    approve: (kind: GateKind, id: string, data: object, window: { from?: EpochMs; until?: EpochMs } = {}) => {
      change('upsert', kind, id, data, window);
    },
    revoke: (kind: GateKind, id: string) => {
      change('revoke', kind, id, {}, {});
    },
    card: (reader: string, number: string, at: EpochMs = clock.now()) => {
      events.emit(reader, 'card', {
        presented: { type: 'resident-number', number },
        at,
        lastByteAt: clock.monotonic(),
      });
    },
    uid: (reader: string, uid: string) => {
      events.emit(reader, 'card', { presented: { type: 'uid', uid }, at: clock.now(), lastByteAt: clock.monotonic() });
    },
    walk: (sensor: string, direction: 'in' | 'out' = 'in', at: EpochMs = clock.now()) => {
      events.emit(sensor, 'passage', { direction, at });
    },
    /** Lets receipts that are on their way arrive. */
    settle: () => clock.advanceAsync(ms(0)),
    /** `<gate> <state> <code or warning>`, oldest first. */
    journal: () =>
      gates
        .entries({ limit: 500 })
        .map(({ gateId, state: was, code, warning }) => [gateId, was, code, warning].filter(Boolean).join(' '))
        .toReversed(),
  };
}
