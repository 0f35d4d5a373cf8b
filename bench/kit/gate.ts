import { randomBytes } from 'node:crypto';
import { createAgentHost, loadBuiltInProtocols } from '@hallhub/device-drivers/agent';
import { noAgents } from '../../hub/gates/testing/no-agents.ts';
import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Transport, TransportFactory } from '@hallhub/device-drivers/kit';
import { silentLog } from '@hallhub/device-drivers/kit';
import { areaSchema, gateSchema } from '@hallhub/hub/config';
import { createAudit } from '@hallhub/hub/audit';
import { createGates } from '@hallhub/hub/gates';
import type { DeviceRegistry } from '@hallhub/hub/devices';
import { createHardware, createRegistry } from '@hallhub/hub/devices';
import type { Gates } from '@hallhub/hub/gates';
import { createRequests } from '@hallhub/hub/requests';
import type { Requests } from '@hallhub/hub/requests';
import type { Vault } from '@hallhub/hub/vault';
import { createVault } from '@hallhub/hub/vault';
import { systemTransports } from '@hallhub/device-drivers/transports';
import type { Clock } from '@hallhub/sync/base';
import { ok, seconds, systemRandom } from '@hallhub/sync/base';
import { createOutbox } from '@hallhub/sync/outbox';
import type { OutcomeSink } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import { sqliteOutboxStore } from '@hallhub/sync/sqlite';

const protocols = await loadBuiltInProtocols();

export interface BenchGateOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly readerPath: string;
  readonly boardPath: string;
  /** Whether the board's inputs are asked who walked through, every 50 ms. */
  readonly polled: boolean;
  readonly vault: Vault;
  /** Bytes arrived from the reader; before anything is made of them. */
  readonly onReaderData: () => void;
  /** Bytes have been handed to the system for the board. */
  readonly onBoardWrite: (bytes: Uint8Array) => void;
}

/** A gate with everything that it has in a hub, from the drivers to the journal and the outbox. */
export interface BenchGate {
  readonly host: AgentHost;
  readonly gates: Gates;
  start(): void;
  stop(): Promise<void>;
}

export const benchVault = (): Vault => createVault(randomBytes(32));

export function createBenchGate(options: BenchGateOptions): BenchGate {
  const { db, clock, vault, polled } = options;
  const system = systemTransports({ clock });
  const transportFactory: TransportFactory = (settings) => {
    const made = system(settings);
    if (!made.ok) return made;
    const isReader = 'path' in settings && settings.path === options.readerPath;
    return ok(isReader ? observedReader(made.value, options) : observedBoard(made.value, options));
  };
  const host = createAgentHost({
    clock,
    random: systemRandom,
    log: silentLog,
    protocols,
    transportFactory,
    devices: [
      {
        id: 'reader',
        profile: 'generic/resident-id-serial',
        transport: { kind: 'serial', path: options.readerPath, baudRate: 115_200 },
        params: { pollEveryMs: 6, lookAgainEveryMs: 6 },
      },
      {
        id: 'board',
        profile: 'generic/modbus-relay-flash',
        transport: { kind: 'serial', path: options.boardPath, baudRate: 115_200 },
        params: polled ? {} : { input: undefined },
      },
    ],
  });
  const audit = createAudit({ db, clock });
  const registry: DeviceRegistry = createRegistry({
    db,
    clock,
    random: systemRandom,
    log: silentLog,
    audit,
    digest: (text) => vault.match('device-command', text),
    timeZone: 'Asia/Shanghai',
    host,
    hardware: createHardware({ db, clock, audit }),
    configured: () => [],
    areaOf: () => 'campus',
    profilesOf: () => undefined,
    profiles: () => [],
    serialPorts: () => Promise.resolve([]),
    usbDevices: () => Promise.resolve(ok([])),
  });
  const outbox = createOutbox({
    sink: silentSink,
    store: sqliteOutboxStore({ db, name: 'hall', sealer: vault.sealer }),
    hub: 'hub-bench',
    epoch: 1,
    clock,
    random: systemRandom,
  });
  const gates = createGates({
    db,
    clock,
    random: systemRandom,
    vault,
    audit,
    outbox,
    host: registry.commands.fleet('behind'),
    requests: () => requests,
    devices: [],
    agents: noAgents,
    calendar: { timeZone: 'Asia/Shanghai', holidays: [], workdays: [] },
    areas: [areaSchema.parse({ id: 'campus', label: { zh: '校园', en: 'Campus' }, maxStaleness: '60min' })],
    gates: [
      gateSchema.parse({
        id: 'gate',
        label: { zh: '门', en: 'Gate' },
        area: 'campus',
        reader: 'reader',
        barrier: 'board',
        ...(polled && { passageSensor: 'board' }),
      }),
    ],
    pictureAge: () => seconds(1),
    clockTrusted: () => true,
    log: () => undefined,
  });
  const requests: Requests = createRequests({ db, clock, vault, handlers: Object.values(gates.handlers) });
  return {
    host,
    gates,
    start: () => {
      registry.start();
      host.start();
      gates.start();
    },
    stop: async () => {
      gates.stop();
      registry.stop();
      await host.stop();
    },
  };
}

const unreachable = () =>
  Promise.resolve({ ok: false as const, error: { code: 'E-SYNC-0101' as const, class: 'retry' as const } });
const silentSink: OutcomeSink = { send: unreachable, position: unreachable, putAttachment: unreachable };

function observedReader(transport: Transport, { onReaderData }: BenchGateOptions): Transport {
  return {
    ...transport,
    onData: (listener) =>
      transport.onData((bytes) => {
        onReaderData();
        listener(bytes);
      }),
  };
}

function observedBoard(transport: Transport, { onBoardWrite }: BenchGateOptions): Transport {
  return {
    ...transport,
    write: (bytes) => {
      const written = transport.write(bytes);
      onBoardWrite(bytes);
      return written;
    },
  };
}

/** What a board is told with function 05: everything else that goes to it is polling. */
export const isOrder = (bytes: Uint8Array): boolean => bytes[1] === 5;
