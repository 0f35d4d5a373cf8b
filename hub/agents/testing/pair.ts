import type { AssignableHost, DeviceDefinition } from '@hallhub/device-drivers/agent';
import type { Station } from '@hallhub/device-drivers/agent/station';
import { createStation, issueKeySet, stationSchema } from '@hallhub/device-drivers/agent/station';
import type {
  CapabilityMap,
  CapabilityName,
  CardRead,
  OpenCommand,
  Passage,
} from '@hallhub/device-drivers/capabilities';
import type { DeviceHealth, Receipt } from '@hallhub/device-drivers/kit';
import type { SerialPortInfo } from '@hallhub/device-drivers/transports';
import type { BundleKeys } from '@hallhub/firmware-profiles/bundle';
import { createEmitter, rethrow, silentLog } from '@hallhub/device-drivers/kit';
import type { Clock, EpochMs, ManualClock, MonoMs, DurationMs } from '@hallhub/sync/base';
import { ms, systemRandom } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import {
  aesGcmSealer,
  feedSchema,
  migrate,
  openDatabase,
  outboxSchema,
  receiverSchema,
  replicaSchema,
} from '@hallhub/sync/sqlite';
import type { DeviceBus, TransientMessage } from '../../broker/device-bus.ts';
import { agentInboxSchema } from '../inbox.ts';
import type { AgentLink } from '../link.ts';
import { createAgentLink } from '../link.ts';

const AGENT = 'gate-1';
const sealer = aesGcmSealer(new Uint8Array(32));
const SECRET = new Uint8Array(32).fill(9);

/** The agent's devices, held in a test's hands: an arm that opens, counts passages and reads cards. */
interface Arm {
  readonly opened: OpenCommand[];
  answer: (command: OpenCommand) => Promise<Receipt>;
  /** Told with the next greeting. */
  health: Pick<DeviceHealth, 'state' | 'reason'>;
  walk(): void;
  card(): void;
}

/** What becomes of a message on its way: how often it arrives. */
type Fate = (message: { readonly topic: string; readonly payload: Uint8Array }) => number;

interface Pair {
  readonly link: AgentLink;
  readonly station: Station;
  readonly hubDb: Db;
  readonly agentDb: Db;
  readonly arm: Arm;
  /** How far the agent's wall clock is from the hub's, in milliseconds; may be set at any time. */
  agentSkew: number;
  up: Fate;
  down: Fate;
  /** Whose bundles the hub tells the agent to believe, and the one in use; told with the next assignment. */
  keySet: { readonly issuedAt: number; readonly keys: BundleKeys };
  bundle: { readonly version: string; readonly bytes: Uint8Array } | undefined;
  /** What is plugged into the agent's machine. */
  ports: readonly SerialPortInfo[];
  /** How long the agent's machine looks for them. */
  portsTake: DurationMs;
  /** Topics of what has reached the agent. */
  readonly reachedAgent: string[];
  /** Brings the agent a message of earlier. */
  deliver(topic: string, payload: Uint8Array): void;
  connect(): void;
  disconnect(): void;
  /** The hub's process is gone without a word, and another opens its file; domains listen again. */
  restartHub(): void;
  /** The agent's machine starts anew, over this database; by default over the one that it has. */
  restartAgent(file?: string): Promise<void>;
  stop(): Promise<void>;
}

/** A hub's end and an agent's end, both real, with a pipe between them that a test can spoil. */
export function createPair(options: {
  readonly clock: ManualClock;
  readonly hubFile: string;
  readonly agentFile: string;
  /** What domains do, in each life of the hub; before the first event. */
  readonly domains?: (link: AgentLink, db: Db) => void;
}): Pair {
  const { clock } = options;
  const once: Fate = () => 1;
  let here = false;
  let transient = createEmitter<TransientMessage>(rethrow);
  let presence = createEmitter<{ deviceId: string; connected: boolean }>(rethrow);
  let toAgent = createEmitter<{ topic: string; payload: Uint8Array }>(rethrow);
  let agentUp = createEmitter<boolean>(rethrow);
  let agentFile = options.agentFile;

  const bus: DeviceBus = {
    start: () => Promise.resolve({ port: 0 }),
    stop: () => Promise.resolve(),
    up: true,
    onUp: () => () => undefined,
    send: (_device, topic, payload) => {
      const message = { topic: `down/${topic}`, payload };
      for (let count = pair.down(message); here && count > 0; count -= 1) {
        clock.after(ms(1), () => {
          pair.reachedAgent.push(message.topic);
          toAgent.emit(message);
        });
      }
      return Promise.resolve();
    },
    onTransient: (listener) => transient.on(listener),
    connected: () => (here ? [AGENT] : []),
    onPresence: (listener) => presence.on(listener),
    disconnect: () => undefined,
  };

  const beginHub = () => {
    transient = createEmitter(rethrow);
    presence = createEmitter(rethrow);
    const db = openDatabase({ file: options.hubFile });
    migrate({ db, components: [feedSchema, receiverSchema, agentInboxSchema] });
    const link = createAgentLink({
      db,
      clock,
      random: systemRandom,
      sealer,
      digest: (text) => Buffer.from(text),
      log: silentLog,
      devices: () => [
        {
          agent: AGENT,
          definition: { id: 'arm', profile: 'generic/arm', transport: { kind: 'memory', name: 'arm' }, params: {} },
          capabilities: ['barrier', 'passageSensor', 'cardReader'],
        },
      ],
      isAdmitted: () => true,
      profiles: () => pair.bundle,
      profileKeys: () => issueKeySet(SECRET, AGENT, pair.keySet),
      agents: [AGENT],
      pictureAge: () => ms(0),
    });
    options.domains?.(link, db);
    link.start(bus);
    return { db, link };
  };

  let passages = createEmitter<Passage>(rethrow);
  let cards = createEmitter<CardRead>(rethrow);
  const beginAgent = () => {
    toAgent = createEmitter(rethrow);
    agentUp = createEmitter(rethrow);
    passages = createEmitter(rethrow);
    cards = createEmitter(rethrow);
    // A machine that starts anew counts its monotonic time from its start, in fractions of a millisecond and not quite as fast.
    const started = clock.monotonic();
    const own: Clock = {
      now: () => (clock.now() + pair.agentSkew) as EpochMs,
      monotonic: () => ((clock.monotonic() - started) * 0.999_999_3) as MonoMs,
      after: (delay, action) => clock.after(delay, action),
    };
    const db = openDatabase({ file: agentFile });
    migrate({ db, components: [replicaSchema, outboxSchema, stationSchema] });
    const capabilities: Partial<CapabilityMap> = {
      barrier: {
        open: (command) => {
          arm.opened.push(command);
          return arm.answer(command);
        },
      },
      passageSensor: { onPassage: passages.on },
      cardReader: { onCard: cards.on, onUnreadable: () => () => undefined },
    };
    const assigned = createEmitter<undefined>(rethrow);
    let devices: readonly DeviceDefinition[] = [];
    const host = (): AssignableHost => ({
      assign: (assignment) => {
        devices = assignment.devices;
        assigned.emit(undefined);
        return Promise.resolve();
      },
      onDevices: (listener) => assigned.on(listener),
      start: () => undefined,
      stop: () => Promise.resolve(),
      devices: () =>
        devices.map(({ id, profile }) => ({
          id,
          profile,
          line: 'memory',
          capabilities: ['barrier', 'passageSensor', 'cardReader'],
          health: { ...arm.health, since: own.now() },
        })),
      capability: <N extends CapabilityName>(_device: string, name: N) => capabilities[name],
      health: () => ({ state: 'ready', since: own.now() }),
      traffic: () => [],
      onHealth: () => () => undefined,
      onTraffic: () => () => undefined,
    });
    const station = createStation({
      agent: AGENT,
      version: '1.0.0',
      connection: {
        start: () => undefined,
        stop: () => Promise.resolve(),
        get up() {
          return here;
        },
        send: (topic, payload) => {
          for (let count = pair.up({ topic, payload }); here && count > 0; count -= 1) {
            clock.after(ms(1), () => {
              transient.emit({ deviceId: AGENT, topic: topic.replace('up/', ''), payload });
            });
          }
          return here;
        },
        onMessage: (listener) => toAgent.on(listener),
        onUp: (listener) => agentUp.on(listener),
        onRefused: () => () => undefined,
      },
      db,
      sealer,
      clock: own,
      random: systemRandom,
      log: silentLog,
      createHost: (wanted) => {
        devices = wanted.devices;
        return host();
      },
      profileKeys: {},
      secret: SECRET,
      serialPorts: () =>
        new Promise((resolve) => {
          if (pair.portsTake === 0) resolve(pair.ports);
          else
            clock.after(pair.portsTake, () => {
              resolve(pair.ports);
            });
        }),
      crashLoop: { safeMode: undefined, stable: () => undefined, leave: () => undefined },
      onWithdrawn: () => undefined,
      onRestart: () => undefined,
    });
    station.start();
    return { db, station, own };
  };
  const arm: Arm = {
    opened: [],
    answer: (command) =>
      Promise.resolve({
        ok: true,
        value: { commandId: command.id, confirmation: 'acknowledged', at: agent.own.now() },
      }),
    health: { state: 'ready' },
    walk: () => {
      passages.emit({ direction: 'in', at: agent.own.now() });
    },
    card: () => {
      cards.emit({
        presented: { type: 'uid', uid: '04A1B2C3' },
        at: agent.own.now(),
        lastByteAt: agent.own.monotonic(),
      });
    },
  };

  const pair: Pair = {
    get link() {
      return hub.link;
    },
    get station() {
      return agent.station;
    },
    get hubDb() {
      return hub.db;
    },
    get agentDb() {
      return agent.db;
    },
    arm,
    agentSkew: 0,
    up: once,
    down: once,
    keySet: { issuedAt: 1, keys: {} },
    bundle: undefined,
    ports: [],
    portsTake: ms(0),
    reachedAgent: [],
    deliver: (topic, payload) => {
      toAgent.emit({ topic, payload });
    },
    connect: () => {
      here = true;
      presence.emit({ deviceId: AGENT, connected: true });
      agentUp.emit(true);
    },
    disconnect: () => {
      here = false;
      presence.emit({ deviceId: AGENT, connected: false });
      agentUp.emit(false);
    },
    restartHub: () => {
      hub.link.stop();
      hub.db.close();
      hub = beginHub();
    },
    restartAgent: async (file = agentFile) => {
      await agent.station.stop();
      agent.db.close();
      agentFile = file;
      agent = beginAgent();
      if (here) agentUp.emit(true);
    },
    stop: async () => {
      hub.link.stop();
      await agent.station.stop();
      hub.db.close();
      agent.db.close();
    },
  };
  let hub = beginHub();
  let agent = beginAgent();
  return pair;
}
