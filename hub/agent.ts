import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createAgentHost } from '@hallhub/device-drivers/agent';
import type { AssignableHost } from '@hallhub/device-drivers/agent';
import type { Station, StationClock } from '@hallhub/device-drivers/agent/station';
import { createConnection, createStation, noteStart, stationSchema } from '@hallhub/device-drivers/agent/station';
import type { TransportFactory } from '@hallhub/device-drivers/kit';
import { listSerialPorts, listUsbDevices } from '@hallhub/device-drivers/transports';
import type { RandomBytes, Result } from '@hallhub/sync/base';
import { ms, ok, plus, systemRandom } from '@hallhub/sync/base';
import { aesGcmSealer, migrate, openDatabase, outboxSchema, replicaSchema } from '@hallhub/sync/sqlite';
import type { Logger } from 'pino';
import type { Identity } from './agent/identity.ts';
import { documentFetcher, imageFetcher } from './agent/fetch-image.ts';
import { destroyIdentity, readIdentity } from './agent/identity.ts';
import type { KioskServer } from './agent/kiosk-server/index.ts';
import { createHubClient, createKioskServer } from './agent/kiosk-server/index.ts';
import { edgeConfigSchema, gatesPart } from './gates/edge/index.ts';
import { gateCodeSchema } from './gates/qr/index.ts';
import { gatesSchema } from './gates/schema.ts';
import { createKnownKiosks, edgeKioskSchema } from './kiosks/edge/index.ts';
import { edgeLockerSchema, lockersAtAgent } from './lockers/edge/index.ts';
import { openDataDir, secretFile } from './store/index.ts';
import { keyedMatch } from './vault/index.ts';

export interface AgentOptions {
  readonly dataDir: string;
  readonly version: string;
  readonly clock: StationClock;
  readonly log: Logger;
  readonly random?: RandomBytes;
  /** Lines other than those of a real machine, for simulators beside the agent. */
  readonly transports?: TransportFactory;
  /** Where on 127.0.0.1 the screens of its kiosks are served; by default a port that the system chooses. */
  readonly kioskPort?: number;
  /** The newest lines of its log, for staff at the screen while the hub is away. */
  readonly logLines?: () => readonly string[];
}

/** Why an agent ended. */
export type AgentEnd = 'stopped' | 'withdrawn' | 'restart';

/** An agent: a small machine's share of the hub. It runs beside its devices, alone or inside a kiosk. */
export interface Agent {
  readonly identity: Pick<Identity, 'agent' | 'hub' | 'campus'>;
  readonly station: Station;
  /** The screens of the kiosks that stand at this machine. */
  readonly kiosks: Pick<KioskServer, 'screens' | 'onScreens'>;
  /** Resolves when it has ended; `withdrawn`: its keys and its data are gone. */
  readonly ended: Promise<AgentEnd>;
  stop(): Promise<void>;
}

/**
 * Builds and starts the agent that is enrolled in `dataDir`.
 *
 * Error: `E-AGENT-0304` nobody is enrolled there.
 * @throws {FailureError} `E-STORE-01xx` when the folder is in use or damaged.
 */
export function startAgent(options: AgentOptions): Result<Agent> {
  const { clock, log, random = systemRandom } = options;
  const dir = openDataDir(options.dataDir);
  const found = readIdentity(dir);
  if (!found.ok) {
    dir.release();
    return found;
  }
  const identity = found.value;
  const crashLoop = noteStart({ file: dir.file('starts.json'), clock });
  const db = openDatabase({ file: dir.file('agent.db') });
  migrate({
    db,
    components: [
      replicaSchema,
      outboxSchema,
      stationSchema,
      gatesSchema,
      gateCodeSchema,
      edgeConfigSchema,
      edgeKioskSchema,
      edgeLockerSchema,
    ],
  });

  const sealer = aesGcmSealer(secretFile(dir, 'store.key', () => randomBytes(32)));
  const knownKiosks = createKnownKiosks({ db, sealer });
  const ofDomain = {
    ...{ db, clock, random, match: keyedMatch(Buffer.from(identity.matchKey, 'base64')) },
    log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>): void => {
      log[level](fields, message);
    },
  };
  const lockers = lockersAtAgent(ofDomain);

  let end: (how: AgentEnd) => void = () => undefined;
  const ended = new Promise<AgentEnd>((resolve) => {
    end = resolve;
  });
  const station = createStation({
    agent: identity.agent,
    version: options.version,
    connection: createConnection({
      urls: brokersOf(identity),
      campus: identity.campus,
      agent: identity.agent,
      token: identity.token,
      ...(identity.mqtt.ca !== undefined && { ca: identity.mqtt.ca }),
      clock,
      random,
    }),
    db,
    sealer,
    clock,
    random,
    log,
    createHost: ({ devices, log: hostLog, profiles, firmware }): AssignableHost =>
      createAgentHost({
        clock,
        random,
        log: hostLog,
        devices,
        isolate: true,
        ...(profiles && { profiles }),
        ...(firmware && { firmware }),
        ...(options.transports && { transportFactory: options.transports }),
      }),
    profileKeys: identity.profileKeys,
    secret: Buffer.from(identity.matchKey, 'base64'),
    serialPorts: listSerialPorts,
    usbDevices: listUsbDevices,
    fetchImage: imageFetcher(identity),
    fetchBytes: documentFetcher(identity),
    parts: [knownKiosks.part, gatesPart(ofDomain), lockers.part],
    crashLoop,
    onWithdrawn: () => void finish('withdrawn'),
    onRestart: () => void finish('restart'),
  });

  const kiosks = createKioskServer({
    kiosks: knownKiosks,
    hub: createHubClient(identity, clock),
    host: () => station.host,
    cabinets: lockers.cabinets,
    hubNow: () => plus(clock.now(), ms(station.status().hubOffset ?? 0)),
    hubId: identity.hub,
    folder: SCREENS,
    port: options.kioskPort ?? 0,
    clock,
    random,
    log: (level, message, fields) => {
      log[level](fields, message);
    },
    logLines: options.logLines ?? (() => []),
    restart: () => void finish('restart'),
  });

  let finishing: Promise<void> | undefined;
  const finish = (how: AgentEnd): Promise<void> => {
    finishing ??= (async () => {
      await kiosks.stop();
      await station.stop();
      db.close();
      crashLoop.ended();
      if (how === 'withdrawn') {
        log.error({ agent: identity.agent }, 'the hub has withdrawn this agent; its keys and data are destroyed');
        destroyIdentity(dir);
      }
      dir.release();
      end(how);
    })();
    return finishing;
  };
  station.start();
  kiosks.start();
  log.info({ agent: identity.agent, hub: identity.hub }, 'the agent is up');
  return ok({ identity, station, kiosks, ended, stop: () => finish('stopped') });
}

/** The screens that come with this program. */
const SCREENS = fileURLToPath(new URL('../kiosk-app/dist/ui', import.meta.url));

/** The brokers outside, or the hub's own at the address under which the agent was enrolled. */
function brokersOf({ hubUrl, mqtt }: Identity): readonly [string, ...string[]] {
  if (mqtt.urls) return mqtt.urls;
  const { hostname } = new URL(hubUrl);
  return [`${mqtt.tls ? 'mqtts' : 'mqtt'}://${hostname}:${mqtt.port ?? (mqtt.tls ? 8883 : 1883)}`];
}
