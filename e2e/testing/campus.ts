import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPtyPair } from '@hallhub/device-drivers/kit/testing';
import type { RelayChange } from '@hallhub/device-drivers/protocols/modbus';
import { ippClient } from '@hallhub/device-drivers/protocols/ipp';
import { systemClock } from '@hallhub/sync/base';
import type { ReferenceHall } from '@hallhub/sync/reference-hall';
import { startReferenceHall } from '@hallhub/sync/reference-hall';
import { freePorts } from '../../hub/broker/testing/process.ts';
import type { EvePrinter } from '../../hub/certificates/testing/eve-printer.ts';
import { evePrinter } from '../../hub/certificates/testing/eve-printer.ts';
import { cleanUp } from './clean-up.ts';
import type { HubProcess } from './hub-process.ts';
import { startHub } from './hub-process.ts';
import type { ReaderProcess } from './reader.ts';
import { startReader } from './reader.ts';
import type { Turnstile } from './turnstile.ts';
import { startTurnstile } from './turnstile.ts';
import { until } from './until.ts';

/** A university with one gate and one kiosk: everything of it but the hub itself runs already. */
export interface Campus {
  readonly hall: ReferenceHall;
  readonly gateReader: ReaderProcess;
  readonly turnstile: Turnstile;
  readonly kioskReader: ReaderProcess;
  readonly printer: EvePrinter;
  readonly configFile: string;
  /** The hub's. */
  readonly dataDir: string;
  /** For an agent. */
  readonly agentDir: string;
  /** The hub's database. */
  readonly database: string;
  /** Pulls the serial adapters of the gate's reader and of its relay board out of their machine. */
  unplugGate(): Promise<void>;
  /** Plugs them in again, where they were; their devices have kept their power and go on. */
  plugGate(): Promise<void>;
  /** A hub of this university; the one before must have ended. */
  startHub(): Promise<HubProcess>;
  stop(): Promise<void>;
}

export const GATE = 'south';
export const KIOSK = 'service-hall';
export const PRINTER = 'hall-printer';

/** Numbers, names and settings as an operator would write them. */
const configuration = (lines: {
  readonly hall: ReferenceHall;
  readonly token: string;
  readonly gateReader: string;
  readonly turnstile: string;
  readonly kioskReader: string;
  readonly printer: string;
  readonly mqttPort: number;
  /** A broker outside, as `docs/brokers.md` has it; undefined: the hub's own. */
  readonly broker: OutsideBroker | undefined;
  /** Where the gate's devices hang; undefined: on the hub. */
  readonly gateAgent: string | undefined;
  /** Where the kiosk's devices hang; undefined: on the hub. */
  readonly kioskAgent: string | undefined;
  /** Whose profile bundles are believed. */
  readonly profileKey: string | undefined;
  readonly extra: ExtraConfig;
}): string => `
hub:
  id: hub-south
  label: { zh: 南校区, en: South campus }
  campus: south
http: { host: 127.0.0.1, names: [${lines.extra.httpName ?? ''}], tls: { mode: off } }
hall:
  url: ${lines.hall.url}
  token: ${lines.token}
  keys: { ${lines.hall.keyId}: ${lines.hall.publicKey} }
mqtt: ${mqtt(lines)}
agents: [${agents(lines).join(', ')}]
${lines.profileKey === undefined ? '' : `profiles: { keys: { maker: ${lines.profileKey} }, trial: 8s }`}
${lines.extra.top ?? ''}
areas:
  - { id: campus, label: { zh: 校园, en: Campus }, maxStaleness: 4h }
${lines.extra.areas ?? ''}
devices:
  - id: south-reader
    profile: generic/resident-id-serial
    label: { zh: 南门读卡器, en: South gate reader }
    ${onAgent(lines.gateAgent)}
    transport: { kind: serial, path: ${lines.gateReader}, baudRate: 115200 }
  - id: south-turnstile
    profile: generic/modbus-relay-flash
    label: { zh: 南门闸机, en: South gate turnstile }
    ${onAgent(lines.gateAgent)}
    transport: { kind: serial, path: ${lines.turnstile}, baudRate: 115200 }
  - id: hall-reader
    profile: generic/resident-id-serial
    label: { zh: 大厅读卡器, en: Hall reader }
    ${onAgent(lines.kioskAgent)}
    transport: { kind: serial, path: ${lines.kioskReader}, baudRate: 115200 }
  - id: ${PRINTER}
    profile: generic/ipp-everywhere
    label: { zh: 大厅打印机, en: Hall printer }
    ${onAgent(lines.kioskAgent)}
    transport: { kind: url, url: '${lines.printer}' }
${lines.extra.devices ?? ''}
gates:
  - id: ${GATE}
    label: { zh: 南门, en: South gate }
    area: campus
    reader: south-reader
    barrier: south-turnstile
    passageSensor: south-turnstile
    passageTimeout: 2s
${lines.extra.gates ?? ''}
kiosks:
${lines.extra.kiosks ?? `  - { id: ${KIOSK}, label: { zh: 办事大厅自助机, en: Service hall kiosk }, printer: ${PRINTER}, reader: hall-reader }`}
`;

/** What a test needs beyond the one gate and the one kiosk, in YAML. */
export interface ExtraConfig {
  /** Items of `areas`, of `devices` and of `gates`, indented by two. */
  readonly areas?: string;
  readonly devices?: string;
  readonly gates?: string;
  /** Items of `kiosks` instead of the one, indented by two. */
  readonly kiosks?: string;
  /** The name under which phones know the hub. */
  readonly httpName?: string;
  /** Agents beside that of the gate. */
  readonly agents?: readonly string[];
  /** The value of `mqtt.guests`, with the hub's own broker. */
  readonly guests?: string;
  /** Further keys of the top level. */
  readonly top?: string;
}

/** A broker outside, and the files that the hub reaches it with. */
export type OutsideBroker = { readonly passwordFile: string; readonly caFile: string } & (
  | { readonly kind: 'mosquitto'; readonly url: string }
  | { readonly kind: 'rabbitmq'; readonly urls: readonly string[]; readonly managementUrls: readonly string[] }
);

function mqtt({
  broker,
  mqttPort,
  extra: { guests = '[]' },
}: {
  readonly broker: OutsideBroker | undefined;
  readonly mqttPort: number;
  readonly extra: ExtraConfig;
}): string {
  if (broker === undefined) return `{ host: 127.0.0.1, port: ${mqttPort}, tls: off, guests: ${guests} }`;
  const at =
    broker.kind === 'mosquitto'
      ? `url: '${broker.url}'`
      : `url: ${JSON.stringify(broker.urls)}, managementUrl: ${JSON.stringify(broker.managementUrls)}`;
  return `{ broker: ${broker.kind}, ${at}, user: hub, passwordFile: ${broker.passwordFile}, caFile: ${broker.caFile} }`;
}

const agents = ({
  gateAgent,
  kioskAgent,
  extra,
}: {
  readonly gateAgent: string | undefined;
  readonly kioskAgent: string | undefined;
  readonly extra: ExtraConfig;
}): readonly string[] =>
  [gateAgent, kioskAgent, ...(extra.agents ?? [])]
    .flatMap((id) => id ?? [])
    .map((id) => `{ id: ${id}, label: { zh: 代理, en: Agent } }`);

const onAgent = (agent: string | undefined): string => (agent === undefined ? '' : `agent: ${agent}`);

/** A port that was free a moment ago: an agent remembers its hub's, so that it cannot change at every start. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

export async function startCampus({
  gateAgent,
  kioskAgent,
  profileKey,
  broker,
  extra = {},
  httpPort = 0,
}: {
  readonly gateAgent?: string;
  /** Where the kiosk's reader and printer hang; absent: on the hub. */
  readonly kioskAgent?: string;
  /** Whose profile bundles are believed. */
  readonly profileKey?: string;
  readonly broker?: OutsideBroker;
  readonly extra?: ExtraConfig;
  /** Where a hub that is started again must be found at the same address. */
  readonly httpPort?: number;
} = {}): Promise<Campus> {
  const running = cleanUp();
  const { later } = running;
  try {
    const folder = mkdtempSync(join(tmpdir(), 'hallhub-e2e-'));
    later(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const clock = systemClock({ mode: 'test' });
    const token = 'a-token-of-the-end-to-end-test';
    const hall = await startReferenceHall({
      dataDir: join(folder, 'hall'),
      port: 0,
      clock,
      hubs: [{ id: 'hub-south', token }],
    });
    later(() => hall.close());
    const line = async (name: string) => {
      const place = join(folder, name);
      mkdirSync(place);
      let pty = await createPtyPair(place);
      later(() => pty.close());
      return {
        a: pty.a,
        b: pty.b,
        unplug: () => pty.close(),
        plug: async () => {
          pty = await createPtyPair(place);
        },
      };
    };
    const gateLine = await line('gate-line');
    const turnstileLine = await line('turnstile-line');
    const kioskLine = await line('kiosk-line');
    let gateReader = await startReader(gateLine.b);
    later(() => gateReader.stop());
    const kioskReader = await startReader(kioskLine.b);
    later(() => kioskReader.stop());
    const pulses: RelayChange[] = [];
    let turnstile = await startTurnstile(turnstileLine.b, pulses);
    later(() => turnstile.stop());
    const printer = await evePrinter();
    later(() => printer.stop());
    const client = ippClient({ uri: printer.uri, clock });
    await until('ippeveprinter answers', async () => (await client.status()).ok);

    const configFile = join(folder, 'hallhub.yaml');
    writeFileSync(
      configFile,
      configuration({
        hall,
        token,
        gateReader: gateLine.a,
        turnstile: turnstileLine.a,
        kioskReader: kioskLine.a,
        printer: printer.uri,
        mqttPort: (gateAgent ?? kioskAgent ?? extra.agents?.[0]) ? await freePort() : 0,
        broker,
        gateAgent,
        kioskAgent,
        profileKey,
        extra,
      }),
    );
    const dataDir = join(folder, 'hub');
    const agentDir = join(folder, 'agent');
    return {
      hall,
      get gateReader() {
        return gateReader;
      },
      get turnstile() {
        return turnstile;
      },
      kioskReader,
      printer,
      configFile,
      dataDir,
      agentDir,
      database: join(dataDir, 'hub.db'),
      unplugGate: async () => {
        await Promise.all([gateReader.stop(), turnstile.stop()]);
        await Promise.all([gateLine.unplug(), turnstileLine.unplug()]);
      },
      plugGate: async () => {
        await Promise.all([gateLine.plug(), turnstileLine.plug()]);
        gateReader = await startReader(gateLine.b);
        turnstile = await startTurnstile(turnstileLine.b, pulses);
      },
      startHub: async () => {
        const hub = await startHub({ configFile, dataDir, httpPort });
        later(() => hub.stop('SIGKILL'));
        return hub;
      },
      stop: () => running.run(),
    };
  } catch (error) {
    await running.run();
    throw error;
  }
}
