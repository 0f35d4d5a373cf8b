import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createAgentHost, followDevices, loadBuiltInProtocols } from '@hallhub/device-drivers/agent';
import type { Station } from '@hallhub/device-drivers/agent/station';
import { createConnection, createStation, noteStart, stationSchema } from '@hallhub/device-drivers/agent/station';
import type { TransportFactory } from '@hallhub/device-drivers/kit';
import { silentLog } from '@hallhub/device-drivers/kit';
import type { RelayBoardSimulator } from '@hallhub/device-drivers/protocols/modbus';
import { createRelayBoardSimulator } from '@hallhub/device-drivers/protocols/modbus';
import type { MemoryLine } from '@hallhub/device-drivers/transports';
import { createMemoryLine } from '@hallhub/device-drivers/transports';
import { failure, ok, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { aesGcmSealer, migrate, openDatabase, outboxSchema, replicaSchema } from '@hallhub/sync/sqlite';
import { enrol } from '../../hub/agent/enrol.ts';
import { say } from './children.ts';

const protocols = await loadBuiltInProtocols();

/*
 * Many agents in one process, each with its own key, credentials, store and MQTT connection, and beside them the boards
 * that their buses lead to. Their drivers are not in threads of their own: what is measured is the hub at the other end.
 *
 * Takes one JSON line at a time: `{"do": "join", "agents": …}` enrols and starts agents, `{"do": "status"}` asks.
 */
export interface LoadAgent {
  readonly id: string;
  /** The hub's one-time code. */
  readonly code: string;
  readonly boards: readonly LoadBoard[];
}
export interface LoadBoard {
  /** The path of the bus it hangs on. */
  readonly bus: string;
  readonly unit: number;
  /** Through `gate` boards people walk; one `switch` board after the other is in trouble. */
  readonly kind: 'gate' | 'switch';
}
export interface LoadOptions {
  readonly hub: string;
  readonly folder: string;
  /** How long a passage contact stays closed and, then, open: longer than the boards are asked. */
  readonly contactMs: number;
  /** How long a switch board refuses everything, before the next one does. */
  readonly troubleEveryMs: number;
}

interface Joined {
  readonly id: string;
  readonly station: Station;
  readonly db: Db;
}

const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
const clock = systemClock({ mode: 'production' });
const agents: Joined[] = [];
const gates: RelayBoardSimulator[] = [];
const switches: RelayBoardSimulator[] = [];
let walked = 0;
let reported = 0;
let flows = true;

async function joinHub({ id, code, boards }: LoadAgent): Promise<void> {
  const identity = unwrap(await enrol(options.hub, code));
  const lines = new Map<string, MemoryLine>();
  for (const { bus, unit, kind } of boards) {
    const line = lines.get(bus) ?? createMemoryLine({ name: bus });
    lines.set(bus, line);
    const board = createRelayBoardSimulator({ transport: line.device, clock, unit });
    unwrap(await board.start());
    (kind === 'gate' ? gates : switches).push(board);
  }
  const transportFactory: TransportFactory = (settings) => {
    const line = settings.kind === 'serial' ? lines.get(settings.path) : undefined;
    return line ? ok(line.host) : failure('E-DEV-0302', settings.kind);
  };
  const folder = join(options.folder, id);
  mkdirSync(folder, { recursive: true });
  const db = openDatabase({ file: join(folder, 'agent.db') });
  migrate({ db, components: [replicaSchema, outboxSchema, stationSchema] });
  const station = createStation({
    agent: identity.agent,
    version: '0.0.0',
    connection: createConnection({
      urls: [`mqtt://127.0.0.1:${identity.mqtt.port ?? 1883}`],
      campus: identity.campus,
      agent: identity.agent,
      token: identity.token,
      clock,
      random: systemRandom,
    }),
    db,
    sealer: aesGcmSealer(randomBytes(32)),
    clock,
    random: systemRandom,
    log: silentLog,
    createHost: (given) => {
      const host = createAgentHost({ ...given, protocols, clock, random: systemRandom, transportFactory });
      // The devices come with the feed, after the host.
      followDevices(host, () =>
        host.devices().map(({ id: device }) =>
          host.capability(device, 'passageSensor')?.onPassage(() => {
            reported += 1;
          }),
        ),
      );
      return host;
    },
    profileKeys: identity.profileKeys,
    secret: Buffer.from(identity.matchKey, 'base64'),
    crashLoop: noteStart({ file: join(folder, 'starts.json'), clock }),
    onWithdrawn: () => undefined,
    onRestart: () => undefined,
  });
  station.start();
  agents.push({ id, station, db });
}

/** Each gate's contact closes and opens again, all of them evenly spread. */
function walk(gate: RelayBoardSimulator): void {
  const step = (closed: boolean): void => {
    if (closed && !flows) return;
    gate.setInput(0, closed);
    if (closed) walked += 1;
    setTimeout(step, options.contactMs, !closed);
  };
  setTimeout(step, Math.random() * 2 * options.contactMs, true);
}

function trouble(): void {
  let ill: RelayBoardSimulator | undefined;
  setInterval(() => {
    ill?.setFaults({});
    ill = flows ? switches[Math.floor(Math.random() * switches.length)] : undefined;
    ill?.setFaults({ exception: 4 });
  }, options.troubleEveryMs);
}

interface Told {
  readonly do: 'join' | 'flow' | 'still' | 'status';
  readonly agents?: readonly LoadAgent[];
}
async function obey(told: Told): Promise<void> {
  switch (told.do) {
    case 'join':
      for (const agent of told.agents ?? []) await joinHub(agent);
      break;
    case 'flow':
      for (const gate of gates) walk(gate);
      trouble();
      break;
    case 'still':
      flows = false;
      break;
    case 'status':
  }
  const lastSequence = ({ db }: Joined): number =>
    db.prepare<[], number>('SELECT last_sequence FROM outbox_state').pluck().get() ?? 0;
  say({
    walked,
    reported,
    events: agents.reduce((sum, agent) => sum + lastSequence(agent), 0),
    refused: agents.reduce((sum, { station }) => sum + station.status().outbox.deadLetters, 0),
    connected: agents.filter(({ station }) => station.status().connected).length,
    pending: agents.reduce((sum, { station }) => sum + station.status().outbox.pending, 0),
  });
}

for await (const line of createInterface({ input: process.stdin })) await obey(JSON.parse(line) as Told);
