import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AssignableHost, DeviceDefinition } from '@hallhub/device-drivers/agent';
import { type StationClock, createStation, stationSchema } from '@hallhub/device-drivers/agent/station';
import type { CapabilityMap, CapabilityName, CardRead, Passage, Scan } from '@hallhub/device-drivers/capabilities';
import { createEmitter, rethrow, silentLog } from '@hallhub/device-drivers/kit';
import type { EpochMs, ManualClock } from '@hallhub/sync/base';
import { ms, seconds, systemRandom } from '@hallhub/sync/base';
import { changeSchema, requestKinds } from '@hallhub/sync/contract';
import type { NewEvent } from '@hallhub/sync/outbox';
import {
  aesGcmSealer,
  feedSchema,
  migrate,
  openDatabase,
  outboxSchema,
  receiverSchema,
  replicaSchema,
  transact,
} from '@hallhub/sync/sqlite';
import { agentInboxSchema, createAgentLink } from '../../agents/index.ts';
import { auditSchema, createAudit } from '../../audit/index.ts';
import type { DeviceBus, TransientMessage } from '../../broker/device-bus.ts';
import { areaSchema, gateSchema } from '../../config/index.ts';
import type { DeviceConfig } from '../../config/index.ts';
import { createRequests, requestsSchema } from '../../requests/index.ts';
import type { Requests } from '../../requests/index.ts';
import { createVault, keyedMatch } from '../../vault/index.ts';
import { edgeConfigSchema, gatesPart } from '../edge/index.ts';
import { createGates, gateTerminalsSchema, gatesSchema } from '../index.ts';
import { createEntryStore } from '../store/entries.ts';
import { createPresenceStore } from '../store/presence.ts';
import type { GateKind } from '../project.ts';
import { gateCodeSchema } from '../qr/index.ts';

const CAPABILITIES = ['cardReader', 'codeScanner', 'barrier', 'passageSensor', 'fireInput'] as const;
/** What makes the codes of older systems on this campus. */
export const LEGACY_PASSWORD = 'an-old-password';
const sealer = aesGcmSealer(new Uint8Array(32));

/** One agent's machine: a gate of the same name with a reader and an arm, held in a test's hands. */
export interface TestAgent {
  readonly id: string;
  /** Ids of the orders that the arm was given, in order. */
  readonly opened: string[];
  /** How far its wall clock is from the hub's. */
  skew: number;
  card(number: string): void;
  scan(text: string): void;
  walk(): void;
  /** The contact of the fire alarm at its gate. */
  fire(alarm: boolean): void;
  connect(): void;
  disconnect(): void;
  restart(): Promise<void>;
  /** A new machine in its place, enrolled anew. */
  renew(): Promise<void>;
  /** All that came down to it, as text. */
  heard(): string;
  /** Its database as it lies on the disk. */
  bytes(): Buffer;
  /** How many passes it holds. */
  passes(): number;
  /** How many people it believes inside. */
  heads(area: string): number;
  /** How often it believes an account used. */
  used(account: string): number;
  /** Of how many ways through other gates it was told. */
  told(): number;
  entries(): readonly { readonly id: string; readonly state: string; readonly code: string | null }[];
}

/**
 * A hub and its agents, all real, over files, with a pipe between them that can be cut and that loses and doubles what
 * `fate` says. Every agent has one gate of area `campus`, called like the agent.
 */
export function createAgentsCampus(options: {
  readonly clock: ManualClock;
  readonly folder: string;
  readonly agents: readonly string[];
  readonly area?: object;
  /** Areas beside `campus`. */
  readonly areas?: readonly { readonly id: string }[];
  /** What an agent's gate has that the others have not. */
  readonly gate?: Readonly<Record<string, object>>;
  /** How often a message arrives. */
  readonly fate?: () => number;
}) {
  const { clock, folder } = options;
  const fate = options.fate ?? (() => 1);
  const vault = createVault(randomBytes(32));
  const keys = new Map(options.agents.map((id) => [id, randomBytes(32)]));
  const outcomes: NewEvent[] = [];
  const here = new Set<string>();
  let transient = createEmitter<TransientMessage>(rethrow);
  let presence = createEmitter<{ deviceId: string; connected: boolean }>(rethrow);
  const down = new Map<string, (message: { topic: string; payload: Uint8Array }) => void>();
  const device = (agent: string): DeviceConfig =>
    ({
      id: `${agent}-arm`,
      profile: 'generic/arm',
      label: { zh: '臂', en: 'Arm' },
      agent,
      transport: { kind: 'serial', path: `/dev/${agent}`, baudRate: 9_600, dataBits: 8, parity: 'none', stopBits: 1 },
      params: {},
    }) satisfies DeviceConfig;
  const devices = options.agents.map(device);
  const gateOf = (id: string) =>
    gateSchema.parse({
      id,
      label: { zh: id, en: id },
      area: 'campus',
      reader: `${id}-arm`,
      scanner: `${id}-arm`,
      barrier: `${id}-arm`,
      passageSensor: `${id}-arm`,
      fireInput: `${id}-arm`,
      ...options.gate?.[id],
    });

  const bus: DeviceBus = {
    start: () => Promise.resolve({ port: 0 }),
    stop: () => Promise.resolve(),
    up: true,
    onUp: () => () => undefined,
    send: (agent, topic, payload) => {
      for (let count = fate(); here.has(agent) && count > 0; count -= 1)
        clock.after(ms(count), () => down.get(agent)?.({ topic: `down/${topic}`, payload }));
      return Promise.resolve();
    },
    onTransient: (listener) => transient.on(listener),
    connected: () => [...here],
    onPresence: (listener) => presence.on(listener),
    disconnect: () => undefined,
  };

  const beginHub = () => {
    transient = createEmitter(rethrow);
    presence = createEmitter(rethrow);
    const db = openDatabase({ file: join(folder, 'hub.db') });
    migrate({
      db,
      components: [
        auditSchema,
        requestsSchema,
        gatesSchema,
        gateTerminalsSchema,
        gateCodeSchema,
        feedSchema,
        receiverSchema,
        agentInboxSchema,
      ],
    });
    const link = createAgentLink({
      db,
      clock,
      random: systemRandom,
      sealer,
      digest: (text) => vault.match('feed', text),
      log: silentLog,
      devices: () =>
        devices.map(({ id, profile, transport, agent = '' }) => ({
          agent,
          definition: { id, profile, transport: transport as never, params: {} },
          capabilities: [...CAPABILITIES],
        })),
      isAdmitted: () => true,
      profiles: () => undefined,
      profileKeys: () => undefined,
      agents: options.agents,
      pictureAge: () => ms(0),
    });
    const gates = createGates({
      db,
      clock,
      random: systemRandom,
      vault,
      audit: createAudit({ db, clock }),
      outbox: {
        append: (event) => {
          outcomes.push(event);
          return 'id';
        },
      },
      host: link.host,
      requests: () => requests,
      calendar: { timeZone: 'Asia/Shanghai', holidays: [], workdays: [] },
      areas: [{ id: 'campus', ...options.area }, ...(options.areas ?? [])].map((area) =>
        areaSchema.parse({ label: { zh: '校园', en: 'Campus' }, ...area }),
      ),
      gates: options.agents.map(gateOf),
      devices,
      legacyCodes: { password: LEGACY_PASSWORD, validFor: seconds(60) },
      agents: {
        feeds: link.feeds,
        projected: (agent) => {
          link.projected(agent);
        },
        connected: (agent) => link.state(agent).connected,
        ask: (agent, name, params) => link.askPart(agent, 'gates', name, params),
        matchKey: (agent) => keys.get(agent),
      },
      pictureAge: () => ms(0),
      clockTrusted: () => true,
      log: () => undefined,
    });
    link.join(gates.part);
    const requests: Requests = createRequests({ db, clock, vault, handlers: Object.values(gates.handlers) });
    link.start(bus);
    gates.start();
    return { db, link, gates, requests };
  };
  let hub = beginHub();

  const createAgent = (id: string): TestAgent & { stop(): Promise<void> } => {
    const opened: string[] = [];
    const heard: string[] = [];
    const agent: TestAgent & { stop(): Promise<void> } = {
      id,
      opened,
      skew: 0,
      card: (number) => {
        running.cards.emit({
          presented: { type: 'resident-number', number },
          at: running.own.now(),
          lastByteAt: running.own.monotonic(),
        });
      },
      scan: (text) => {
        running.scans.emit({
          text,
          bytes: Buffer.from(text),
          at: running.own.now(),
          lastByteAt: running.own.monotonic(),
        });
      },
      walk: () => {
        const { direction } = gateOf(id);
        running.passages.emit({ direction, at: running.own.now() });
      },
      fire: (alarm) => {
        running.fires.emit({ alarm, at: running.own.now() });
      },
      connect: () => {
        here.add(id);
        presence.emit({ deviceId: id, connected: true });
        running.up.emit(true);
      },
      disconnect: () => {
        here.delete(id);
        presence.emit({ deviceId: id, connected: false });
        running.up.emit(false);
      },
      restart: async () => {
        await running.station.stop();
        running.db.close();
        running = begin();
        if (here.has(id)) running.up.emit(true);
      },
      renew: async () => {
        await running.station.stop();
        running.db.close();
        for (const suffix of ['', '-wal', '-shm']) rmSync(join(folder, `${id}.db${suffix}`), { force: true });
        keys.set(id, randomBytes(32));
        running = begin();
        if (here.has(id)) running.up.emit(true);
      },
      heard: () => heard.join('\n'),
      bytes: () => running.db.serialize(),
      passes: () => Number(running.db.prepare('SELECT count(*) FROM gate_pass').pluck().get()),
      heads: (area) => createPresenceStore(running.db).heads(area),
      used: (account) => createEntryStore(running.db).used(account, '').ever,
      told: () => Number(running.db.prepare(`SELECT count(*) FROM gate_entry WHERE source = 'hub'`).pluck().get()),
      entries: () =>
        running.db
          .prepare<[], { id: string; state: string; code: string | null }>(
            'SELECT id, state, code FROM gate_entry WHERE source IS NULL ORDER BY seq',
          )
          .all(),
      stop: async () => {
        await running.station.stop();
        running.db.close();
      },
    };
    const begin = () => {
      const cards = createEmitter<CardRead>(rethrow);
      const scans = createEmitter<Scan>(rethrow);
      const passages = createEmitter<Passage>(rethrow);
      const fires = createEmitter<{ alarm: boolean; at: EpochMs }>(rethrow);
      const up = createEmitter<boolean>(rethrow);
      const messages = createEmitter<{ topic: string; payload: Uint8Array }>(rethrow);
      const assigned = createEmitter<undefined>(rethrow);
      down.set(id, (message) => {
        heard.push(Buffer.from(message.payload).toString('utf8'));
        messages.emit(message);
      });
      let steered = 0;
      const own: StationClock = {
        now: () => (clock.now() + agent.skew + steered) as EpochMs,
        steer: (by) => {
          steered += by;
        },
        get steered() {
          return steered;
        },
        monotonic: () => clock.monotonic(),
        after: (delay, action) => clock.after(delay, action),
      };
      const db = openDatabase({ file: join(folder, `${id}.db`) });
      migrate({
        db,
        components: [replicaSchema, outboxSchema, stationSchema, gatesSchema, gateCodeSchema, edgeConfigSchema],
      });
      const capabilities: Partial<CapabilityMap> = {
        cardReader: { onCard: cards.on, onUnreadable: () => () => undefined },
        codeScanner: { onScan: scans.on, onUnreadable: () => () => undefined },
        passageSensor: { onPassage: passages.on },
        fireInput: { onFire: fires.on, state: () => Promise.resolve({ ok: true, value: { alarm: false } }) },
        barrier: {
          open: (command) => {
            opened.push(command.id);
            return Promise.resolve({
              ok: true,
              value: { commandId: command.id, confirmation: 'acknowledged', at: own.now() },
            });
          },
        },
      };
      let hosted: readonly DeviceDefinition[] = [];
      const host: AssignableHost = {
        start: () => undefined,
        stop: () => Promise.resolve(),
        assign: (assignment) => {
          hosted = assignment.devices;
          assigned.emit(undefined);
          return Promise.resolve();
        },
        devices: () =>
          hosted.map(({ id: name, profile }) => ({
            id: name,
            profile,
            line: 'memory',
            capabilities: [...CAPABILITIES],
            health: { state: 'ready', since: own.now() },
          })),
        capability: <N extends CapabilityName>(name: string, capability: N) =>
          hosted.some((one) => one.id === name) ? capabilities[capability] : undefined,
        health: () => ({ state: 'ready', since: own.now() }),
        traffic: () => [],
        onHealth: () => () => undefined,
        onTraffic: () => () => undefined,
        onDevices: (listener) => assigned.on(listener),
      };
      const station = createStation({
        agent: id,
        version: '1.0.0',
        connection: {
          start: () => undefined,
          stop: () => Promise.resolve(),
          get up() {
            return here.has(id);
          },
          send: (topic, payload) => {
            for (let count = fate(); here.has(id) && count > 0; count -= 1)
              clock.after(ms(count), () => {
                transient.emit({ deviceId: id, topic: topic.replace('up/', ''), payload });
              });
            return here.has(id);
          },
          onMessage: (listener) => messages.on(listener),
          onUp: (listener) => up.on(listener),
          onRefused: () => () => undefined,
        },
        db,
        sealer,
        clock: own,
        random: systemRandom,
        log: silentLog,
        createHost: (wanted) => {
          hosted = wanted.devices;
          return host;
        },
        profileKeys: {},
        secret: keys.get(id) ?? Buffer.alloc(32),
        crashLoop: { safeMode: undefined, stable: () => undefined, leave: () => undefined },
        parts: [
          gatesPart({
            db,
            clock: own,
            random: systemRandom,
            match: keyedMatch(keys.get(id) ?? Buffer.alloc(32)),
            log: () => undefined,
          }),
        ],
        onWithdrawn: () => undefined,
        onRestart: () => undefined,
      });
      station.start();
      return { cards, scans, passages, fires, up, own, db, station };
    };
    let running = begin();
    return agent;
  };
  const agents = options.agents.map(createAgent);
  const revisions = new Map<string, number>();
  const change = (op: 'upsert' | 'revoke', kind: GateKind, id: string, data: object, days = 1): void => {
    const revision = (revisions.get(id) ?? 0) + 1;
    revisions.set(id, revision);
    const reading = requestKinds.read(
      changeSchema.parse({
        id,
        kind,
        schemaVersion: '1.0',
        revision,
        op,
        validFrom: new Date(clock.now() - 60_000).toISOString(),
        validUntil: new Date(clock.now() + days * 86_400_000).toISOString(),
        committedAt: new Date(clock.now()).toISOString(),
        data,
      }),
    );
    if (reading.status !== 'accepted') throw new Error(`${kind} ${id}: ${JSON.stringify(reading)}`);
    transact(hub.db, () => hub.requests.project(reading.change));
  };

  return {
    agents,
    outcomes,
    get hub() {
      return hub;
    },
    vault,
    approve: (kind: GateKind, id: string, data: object, days?: number) => {
      change('upsert', kind, id, data, days);
    },
    revoke: (kind: GateKind, id: string) => {
      change('revoke', kind, id, {});
    },
    restartHub: () => {
      hub.gates.stop();
      hub.link.stop();
      hub.db.close();
      hub = beginHub();
    },
    /** What the hub has of an agent's gate, oldest first. */
    told: (agent: string) =>
      hub.db
        .prepare<[string], { id: string; state: string; code: string | null }>(
          'SELECT id, state, code FROM gate_entry WHERE source = ? ORDER BY seq',
        )
        .all(agent),
    stop: async () => {
      hub.gates.stop();
      hub.link.stop();
      await Promise.all(agents.map((agent) => agent.stop()));
      hub.db.close();
    },
  };
}
