import { builtInProtocols, createAgentHost } from '@hallhub/device-drivers/agent';
import type { AgentHost, DeviceDefinition } from '@hallhub/device-drivers/agent';
import { issueKeySet } from '@hallhub/device-drivers/agent/station';
import { listSerialPorts } from '@hallhub/device-drivers/transports';
import type { ProfileCatalogue } from '@hallhub/firmware-profiles/schema';
import { builtInFiles } from '@hallhub/firmware-profiles/schema';
import type { DurationMs, RandomBytes } from '@hallhub/sync/base';
import { ok } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { AgentLink, RemoteDevice } from './agents/index.ts';
import { createAgentLink, joinHosts, matchKeys } from './agents/index.ts';
import type { Audit } from './audit/index.ts';
import type { Inbox, LateChannel } from './broker/index.ts';
import { createInbox, createLateChannel } from './broker/index.ts';
import type { DeviceConfig } from './config/index.ts';
import { GATE_PARTS } from './config/index.ts';
import type { DeviceRegistry, Devices } from './devices/index.ts';
import { createDevices, createHardware, createRegistry, foundByAgent, placed } from './devices/index.ts';
import type { FirmwareService } from './firmware/index.ts';
import { createFirmware } from './firmware/index.ts';
import type { HubOptions } from './options.ts';
import type { Profiles } from './profiles/index.ts';
import { createProfiles, sightOf } from './profiles/index.ts';
import type { Vault } from './vault/index.ts';

/** Every device of a hub, on its own lines and on those of its agents, and what is kept and asked of them. Knows no domain. */
export interface Fleet {
  /** The broker's channel for devices that speak MQTT; gets its broker when that is opened. */
  readonly mqtt: LateChannel;
  /** Every device, wherever it hangs; each command through it is on record before it leaves. */
  readonly host: AgentHost;
  readonly agents: AgentLink;
  /** What an agent keys its hashes with; undefined for one that is not enrolled. */
  readonly matchKey: ReturnType<typeof matchKeys>;
  readonly profiles: Profiles;
  readonly devices: Devices;
  /** The configured devices, each where its hardware hangs now. */
  readonly configured: () => readonly DeviceConfig[];
  readonly registry: DeviceRegistry;
  readonly firmware: FirmwareService;
  readonly inbox: Inbox;
}

interface FleetDeps extends Pick<HubOptions, 'config' | 'clock' | 'log' | 'protocols' | 'transports'> {
  readonly random: RandomBytes;
  readonly db: Db;
  readonly vault: Vault;
  readonly audit: Audit;
  /** How old the hub's picture of the hall is, of which agents are told; undefined while there is none. */
  readonly pictureAge: () => DurationMs | undefined;
  readonly onFault: (part: string) => (error: unknown) => void;
}

export function createFleet(deps: FleetDeps): Fleet {
  const { config, clock, log, random, db, vault, audit, protocols, transports, pictureAge, onFault } = deps;
  const mqtt = createLateChannel(onFault('mqtt'));
  const hardware = createHardware({ db, clock, audit });
  const whereTheyHang = (): readonly DeviceConfig[] =>
    config.devices.map((device) => placed(device, hardware.placeOf(device.id)));
  let configured = whereTheyHang();
  const profiles = createProfiles({
    db,
    clock,
    audit,
    keys: config.profiles.keys,
    trial: config.profiles.trial,
    builtIn: builtInFiles(),
    sights: (from, to) => {
      const spans = registry.statesBetween(from, to);
      return new Map(configured.map(({ id }) => [id, sightOf(spans.get(id) ?? {})]));
    },
    log: (level, message, fields) => {
      log[level](fields, message);
    },
  });
  const pluggedIn = () => ({
    devices: configured.filter(({ agent }) => agent === undefined).map(toDefinition),
    profiles: profiles.catalogue(),
  });
  const local = createAgentHost({
    ...pluggedIn(),
    clock,
    random,
    log,
    mqtt,
    protocols: protocols ?? builtInProtocols,
    firmware: hardware.firmware,
    isolate: true,
    ...(transports && { transportFactory: transports }),
  });

  const matchKey = matchKeys(db, vault);
  const agents = createAgentLink({
    db,
    clock,
    random,
    sealer: vault.sealer,
    digest: (text) => vault.match('feed', text),
    log,
    devices: () => remoteDevices(configured, profiles.catalogue()),
    agents: config.agents.map(({ id }) => id),
    profiles: () => profiles.bundle(),
    profileKeys: (agent) => {
      const secret = matchKey(agent);
      return secret && issueKeySet(secret, agent, profiles.keySet());
    },
    isAdmitted: (agent) => devices.isAdmitted(agent),
    pictureAge,
  });
  const assignAll = (): void => {
    agents.assignAll();
    local.assign(pluggedIn()).catch(onFault('devices'));
  };
  profiles.onUse(assignAll);
  const everywhere = joinHosts(local, agents.host);
  const registry = createRegistry({
    db,
    clock,
    random,
    log,
    audit,
    digest: (text) => vault.match('device-command', text),
    timeZone: config.hub.timeZone,
    host: everywhere,
    hardware,
    configured: () => configured,
    onReplaced: () => {
      configured = whereTheyHang();
      assignAll();
    },
    areaOf: (deviceId) => config.gates.find((gate) => GATE_PARTS.some((part) => gate[part] === deviceId))?.area,
    profilesOf: ({ agent }) =>
      agent === undefined ? (profiles.view().current ?? 'built-in') : agents.state(agent).hello?.profiles,
    serialPorts: listSerialPorts,
  });
  agents.host.onReceipt(({ deviceId, commandId, receipt }) => {
    registry.commands.receive(deviceId, commandId, receipt);
  });
  agents.onChange((agent) => {
    const { connected, hello } = agents.state(agent);
    if (connected && hello) foundByAgent({ agent, hello, configured, discovery: registry.discovery });
  });
  const host = registry.commands.fleet('before');

  const firmware = createFirmware({
    db,
    clock,
    random,
    audit,
    log,
    host,
    registry,
    timeZone: config.hub.timeZone,
    baseUrl: config.firmware.url ?? ownAddress(config),
    plainUrl: plainAddress(config),
  });

  const devices = createDevices({
    db,
    clock,
    audit,
    framesOf: (deviceId) =>
      agents.host.has(deviceId) ? agents.host.askTraffic(deviceId) : Promise.resolve(ok(local.traffic(deviceId))),
  });
  const inbox = createInbox({
    db,
    clock,
    onFault: (error, seq) => {
      log.error({ err: error, seq }, 'a device event could not be taken in');
    },
  });
  inbox.consume((message) => {
    devices.receive(message);
  });

  return {
    mqtt,
    host,
    agents,
    matchKey,
    profiles,
    devices,
    configured: () => configured,
    registry,
    firmware,
    inbox,
  };
}

/** Where devices and agents find the hub, as far as its configuration says. */
function ownAddress({ http: { names, host, port, tls } }: HubOptions['config']): string {
  const name = names[0] ?? host;
  return `${tls.mode === 'off' ? 'http' : 'https'}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** Where devices without TLS find the server that is meant for them; undefined where there is none. */
function plainAddress({ firmware: { plain } }: HubOptions['config']): string | undefined {
  if (!plain) return undefined;
  const { host, port } = plain;
  return plain.url?.replace(/\/$/, '') ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The configuration's shape of a device as the agent's host takes it. */
function toDefinition({ id, profile, transport, params }: DeviceConfig): DeviceDefinition {
  if (transport.kind !== 'memory') return { id, profile, transport, params };
  const { kind, name, baudRate } = transport;
  return { id, profile, transport: baudRate === undefined ? { kind, name } : { kind, name, baudRate }, params };
}

/** The devices that hang on agents, with what their profiles promise. One whose profile is unknown promises nothing. */
function remoteDevices(devices: readonly DeviceConfig[], profiles: ProfileCatalogue): readonly RemoteDevice[] {
  return devices.flatMap((device) =>
    device.agent === undefined
      ? []
      : [
          {
            agent: device.agent,
            definition: toDefinition(device),
            capabilities: profiles.get(device.profile)?.capabilities ?? [],
          },
        ],
  );
}
