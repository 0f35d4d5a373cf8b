import { readFileSync } from 'node:fs';
import { builtInProtocols, createAgentHost } from '@hallhub/device-drivers/agent';
import type { AgentHost, DeviceDefinition } from '@hallhub/device-drivers/agent';
import { issueKeySet } from '@hallhub/device-drivers/agent/station';
import type { ProfileCatalogue } from '@hallhub/firmware-profiles/schema';
import { builtInFiles } from '@hallhub/firmware-profiles/schema';
import { listSerialPorts } from '@hallhub/device-drivers/transports';
import { createHttpHall } from '@hallhub/sync/adapters/http-feed';
import type { HttpHall } from '@hallhub/sync/adapters/http-feed';
import type { DurationMs } from '@hallhub/sync/base';
import { err, minutes, ms, ok, systemRandom } from '@hallhub/sync/base';
import { requestKinds } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import { createOutbox } from '@hallhub/sync/outbox';
import type { Replica } from '@hallhub/sync/replica';
import { createReplica } from '@hallhub/sync/replica';
import type { Db } from '@hallhub/sync/sqlite';
import {
  feedSchema,
  outboxSchema,
  receiverSchema,
  replicaSchema,
  sqliteOutboxStore,
  sqliteReplicaStore,
  storeFailure,
} from '@hallhub/sync/sqlite';
import { trustRoots } from '@hallhub/sync/verification';
import type { AgentLink, RemoteDevice } from './agents/index.ts';
import { agentInboxSchema, agentsSchema, createAgentLink, joinHosts, matchKeys } from './agents/index.ts';
import type { Attendance } from './attendance/index.ts';
import { attendanceSchema, createAttendance } from './attendance/index.ts';
import type { Audit } from './audit/index.ts';
import { auditSchema, createAudit } from './audit/index.ts';
import type { Inbox, LateChannel } from './broker/index.ts';
import { busSchema, createInbox, createLateChannel } from './broker/index.ts';
import type { CertificateService, PdfMaker, SignerSource, VerifySiteLink } from './certificates/index.ts';
import {
  certificateHandler,
  certificateSchema,
  certificateService,
  externalRasteriser,
  configuredSigner,
  joinVerifySite,
  printerDirectory,
  toOutcome,
} from './certificates/index.ts';
import { fontFiles, pdfProcess } from './certificates/render/index.ts';
import { loadTemplates, shippedTemplates } from './certificates/templates/index.ts';
import type { DeviceConfig } from './config/index.ts';
import { GATE_PARTS } from './config/index.ts';
import type { DeviceRegistry, Devices } from './devices/index.ts';
import { createDevices, createHardware, createRegistry, devicesSchema, foundByAgent, placed } from './devices/index.ts';
import type { FirmwareService } from './firmware/index.ts';
import { createFirmware, firmwareSchema } from './firmware/index.ts';
import { gateCodeSchema } from './gates/qr/index.ts';
import type { Gates } from './gates/index.ts';
import type { Notifications } from './notifications/index.ts';
import { createChannels, createNotifications, notificationsSchema } from './notifications/index.ts';
import type { Desk } from './gates/desk/index.ts';
import { createDesk, gateDeskSchema } from './gates/desk/index.ts';
import { alarmText, createGates, gateTerminalsSchema, gatesSchema, gatesWithoutConfidence } from './gates/index.ts';
import { hallSchema, readEpoch } from './hall/epoch.ts';
import type { Cards } from './cards/index.ts';
import { cardSchema, createCards } from './cards/index.ts';
import type { SelfService } from './kiosks/index.ts';
import { createSelfService, kioskAgents, kioskSchema } from './kiosks/index.ts';
import type { HubOptions } from './options.ts';
import type { Profiles } from './profiles/index.ts';
import { createProfiles, profilesSchema, sightOf } from './profiles/index.ts';
import type { Requests } from './requests/index.ts';
import { createRequests, requestsSchema } from './requests/index.ts';
import type { Staff } from './staff/index.ts';
import { createStaff, may, staffSchema } from './staff/index.ts';
import type { DataDir } from './store/index.ts';
import { openStore } from './store/index.ts';
import type { Vault } from './vault/index.ts';
import { openVault, vaultSchema } from './vault/index.ts';

/** The tables of every part that keeps its state in the hub's database. A new domain adds one line. */
export const schemaComponents = [
  vaultSchema,
  auditSchema,
  staffSchema,
  hallSchema,
  replicaSchema,
  outboxSchema,
  requestsSchema,
  gatesSchema,
  notificationsSchema,
  gateTerminalsSchema,
  gateDeskSchema,
  gateCodeSchema,
  attendanceSchema,
  certificateSchema,
  kioskSchema,
  cardSchema,
  devicesSchema,
  agentsSchema,
  agentInboxSchema,
  profilesSchema,
  firmwareSchema,
  feedSchema,
  receiverSchema,
  busSchema,
];

/** Everything that a hub is made of, apart from what listens. */
export interface Parts {
  readonly db: Db;
  readonly vault: Vault;
  readonly audit: Audit;
  readonly staff: Staff;
  /** The broker's channel for devices that speak MQTT; gets its broker when that is opened. */
  readonly mqtt: LateChannel;
  /** Every device, wherever it hangs; each command through it is on record before it leaves. */
  readonly host: AgentHost;
  readonly agents: AgentLink;
  readonly profiles: Profiles;
  readonly hall: HttpHall;
  readonly replica: Replica;
  readonly outbox: Outbox;
  readonly requests: Requests;
  readonly gates: Gates;
  readonly notifications: Notifications;
  readonly desk: Desk;
  readonly attendance: Attendance;
  readonly pdf: PdfMaker;
  readonly certificates: CertificateService;
  /** Absent where no site in a DMZ is told of papers. */
  readonly verifySite: VerifySiteLink | undefined;
  /** Absent: papers bear a seal and no signature. */
  readonly signer: SignerSource | undefined;
  readonly selfService: SelfService;
  /** Absent where no campus-card system is joined. */
  readonly cards: Cards | undefined;
  readonly devices: Devices;
  /** The configured devices, each where its hardware hangs now. */
  readonly configured: () => readonly DeviceConfig[];
  readonly registry: DeviceRegistry;
  readonly firmware: FirmwareService;
  readonly inbox: Inbox;
}

/** Before this a clock is not believed: a machine whose clock battery died wakes up in the past. */
const CLOCK_FLOOR = Date.UTC(2026, 0, 1);
/** How far this machine's clock may be from the hall's before nobody is judged by it. */
const CLOCK_TOLERANCE = minutes(10);

/** Makes the parts and joins them. Nothing moves before they are started. */
export function createParts(
  { config, clock, log, random = systemRandom, protocols, transports, signer: given, campusCards }: HubOptions,
  dir: DataDir,
): Parts {
  const db: Db = openStore({ dir, components: schemaComponents, clock });
  const vault = openVault(dir, db);
  const onFault =
    (part: string) =>
    (error: unknown): void => {
      log.error({ part, code: storeFailure(error)?.code, err: error }, 'a part of the hub met an error and goes on');
    };
  const audit = createAudit({ db, clock });
  const staff = createStaff({ db, clock, audit });

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
    sights: (from, to) => new Map([...registry.statesBetween(from, to)].map(([id, spans]) => [id, sightOf(spans)])),
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
    pictureAge: () => pictureAge(),
  });
  const assignAll = (): void => {
    agents.assignAll();
    local.assign(pluggedIn()).catch(onFault('devices'));
  };
  const advise = (): void => {
    for (const { gate, camera } of gatesWithoutConfidence(config.gates, configured, profiles.catalogue()))
      log.warn(
        { gate, deviceId: camera },
        'this camera never says how sure it is of a plate: every car waits for the guard; withoutConfidence: accept lets its plates open',
      );
  };
  advise();
  profiles.onUse(() => {
    assignAll();
    advise();
  });
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

  const hall = createHttpHall({
    url: config.hall.url,
    token: config.hall.token ?? readFileSync(config.hall.tokenFile ?? '', 'utf8').trim(),
    hub: config.hub.id,
    epoch: readEpoch(db),
    keys: Object.entries(config.hall.keys).map(([keyId, publicKey]) => ({ keyId, publicKey })),
    ...(config.hall.caFile !== undefined && { ca: readFileSync(config.hall.caFile, 'utf8') }),
    clock,
    random,
  });
  const outbox = createOutbox({
    sink: hall.sink,
    store: sqliteOutboxStore({ db, name: 'hall', sealer: vault.sealer }),
    hub: config.hub.id,
    epoch: readEpoch(db),
    clock,
    random,
    fault: onFault('outbox'),
  });

  const { site } = config.certificates.verification;
  const verifySite =
    site &&
    joinVerifySite({
      db,
      clock,
      random,
      site,
      sealer: vault.sealer,
      hub: config.hub.id,
      epoch: readEpoch(db),
      fault: onFault('verify-site'),
      papers: () => certificates.papers(),
    });

  const pictureAge = (): DurationMs | undefined => {
    const age = replica.staleness();
    return Number.isFinite(age) ? age : undefined;
  };
  const clockTrusted = (): boolean => clock.now() >= CLOCK_FLOOR && Math.abs(replica.clockOffset()) <= CLOCK_TOLERANCE;
  const gates = createGates({
    db,
    clock,
    random,
    vault,
    audit,
    outbox,
    // A grant is committed under the command's own id before the barrier is told, so nobody waits for a second commit.
    host: registry.commands.fleet('behind'),
    requests: () => requests,
    // Which agent decides at a gate is settled at the start: a part that moved between hub and agent counts from the next one.
    devices: configured,
    agents: {
      feeds: agents.feeds,
      projected: (agent) => {
        agents.projected(agent);
      },
      connected: (agent) => agents.state(agent).connected,
      ask: (agent, name, params) => agents.askPart(agent, 'gates', name, params),
      matchKey,
    },
    calendar: { timeZone: config.hub.timeZone, ...config.hub.calendar },
    areas: config.areas,
    gates: config.gates,
    visitorKeys: config.codes.visitorKeys,
    entriesKept: ms(config.retention.gateEntryDays * 86_400_000),
    ...(config.codes.legacy && {
      legacyCodes: {
        password: readFileSync(config.codes.legacy.passwordFile, 'utf8').trim(),
        validFor: config.codes.legacy.validFor,
      },
    }),
    pictureAge,
    dark: (deviceId, from, until) => registry.darkSpans(deviceId, from, until),
    clockTrusted,
    log: (level, message, fields) => {
      log[level](fields, message);
    },
  });

  const desk = createDesk({
    db,
    clock,
    random,
    vault,
    audit,
    outbox,
    gates,
    requests: () => requests,
    hub: config.hub,
    calendar: { timeZone: config.hub.timeZone, ...config.hub.calendar },
    areas: config.areas,
    gateConfigs: config.gates,
  });

  const { templates: ownTemplates } = config.certificates;
  const templateFolders = [shippedTemplates, ...(ownTemplates === undefined ? [] : [ownTemplates])];
  const fonts = fontFiles(config.certificates);
  const pdf = pdfProcess({
    clock,
    fonts,
    idleAfter: config.certificates.idleShutdown,
    templates: templateFolders,
  });
  const { signing, verification, overprint, overprintByTemplate, raster } = config.certificates;
  const signer = given ?? (signing && configuredSigner(signing, clock));
  const certificates: CertificateService = certificateService({
    db,
    clock,
    random,
    sealer: vault.sealer,
    keyedHash: (purpose, text) => vault.match(purpose, text).toString('hex'),
    pdf,
    issuer: {
      name: config.certificates.issuer,
      office: config.certificates.office,
      sealPurpose: config.certificates.sealPurpose,
    },
    templates: loadTemplates(templateFolders, Object.keys(fonts.families)),
    ...(signer && { signer }),
    ready: {
      policyOf: (template) => verification.readyByTemplate[template] ?? verification.ready,
      roots: verification.trust.flatMap((file) => trustRoots(readFileSync(file, 'utf8'))),
    },
    ...(raster && { raster: externalRasteriser({ ...raster, clock }) }),
    overprint: ({ template, ready }) => overprintByTemplate[template] ?? (overprint && !ready),
    verifyUrl: config.certificates.verifyUrl,
    timeZone: config.hub.timeZone,
    numberPrefix: config.certificates.numberPrefix,
    fetchDocument: async ({ url, sha256 }) => {
      const file = await hall.file({ url, sha256, signal: AbortSignal.timeout(60_000) });
      return file.ok
        ? file
        : err({ code: 'E-CERT-0205', ...(file.error.detail !== undefined && { detail: file.error.detail }) });
    },
    publish: (event) => {
      const certificate = certificates.get(event.subject);
      const left = certificate ? certificate.copiesAllowed - certificate.copiesUsed : 0;
      const outcome = toOutcome(event, clock.now(), left);
      if (outcome) outbox.append(outcome);
      if (outcome && event.type === 'certificate.verification') verifySite?.tell(outcome);
    },
    audit: ({ actor, action, subject, reason, detail }) => {
      audit.record({ actor, action, subject, detail: { ...detail, reason } });
    },
    printers: printerDirectory({ host, devices: config.devices }),
    log: (level, message, fields) => {
      log[level](fields, message);
    },
  });

  const notifications = createNotifications({
    db,
    clock,
    random,
    vault,
    channels: createChannels(config.notifications.channels, { clock }),
    log: (level, message, fields) => {
      log[level](fields, message);
    },
  });
  gates.onAlarm((alarm) => {
    const text = alarmText(alarm, config);
    if (text === undefined) return;
    for (const channel of config.notifications.gateAlarms)
      notifications.notify({ channel, text, dedupe: `gate-alarm/${alarm.id}/${channel}` });
  });
  const attendance = createAttendance({
    db,
    clock,
    vault,
    audit,
    outbox,
    notifications,
    gates,
    requests: () => requests,
    config: config.attendance,
    areas: config.areas,
    gateConfigs: config.gates,
    calendar: { timeZone: config.hub.timeZone, ...config.hub.calendar },
    clockTrusted,
    fetchFile: ({ url, sha256 }) => hall.file({ url, sha256, signal: AbortSignal.timeout(20_000) }),
    log: (level, message, fields) => {
      log[level](fields, message);
    },
  });
  agents.join(gates.part);
  const requests = createRequests({
    db,
    clock,
    vault,
    handlers: [
      ...Object.values({
        ...gates.handlers,
        'visitor-access': desk.following(gates.handlers['visitor-access']),
        roster: attendance.following.roster(gates.handlers.roster),
        leave: attendance.following.leave(gates.handlers.leave),
      }),
      certificateHandler({ certificates, vault }),
    ],
  });
  const replica = createReplica({
    source: hall.source,
    store: sqliteReplicaStore({ db, source: 'hall', sealer: vault.sealer }),
    kinds: requestKinds,
    project: requests.project,
    clock,
    random,
    fault: onFault('replica'),
  });

  const devices = createDevices({
    db,
    clock,
    audit,
    framesOf: (deviceId) =>
      agents.host.has(deviceId) ? agents.host.askTraffic(deviceId) : Promise.resolve(ok(local.traffic(deviceId))),
  });
  const cards =
    campusCards &&
    createCards({
      ...campusCards,
      db,
      clock,
      vault,
      audit,
      log: (level, message, fields) => {
        log[level](fields, message);
      },
    });
  const selfService = createSelfService({
    config,
    timeZone: config.hub.timeZone,
    db,
    clock,
    random,
    vault,
    audit,
    host,
    certificates,
    gates,
    requests: () => requests,
    notifications,
    devices,
    mayServe: (accountId) => {
      const account = staff.list().find(({ id }) => id === accountId);
      return account !== undefined && !account.disabled && may(account.grants, ['operator', 'counter']);
    },
    restartAgent: (agent) => agents.restart(agent),
    hallUp: () => replica.status().feed.state === 'online',
    log: (level, message, fields) => {
      log[level](fields, message);
    },
  });

  agents.join(
    kioskAgents({
      kiosks: config.kiosks,
      devices: () => configured,
      timeZone: config.hub.timeZone,
      token: (kioskId) => selfService.kiosks.token(kioskId),
      feeds: agents.feeds,
      projected: (agent) => {
        agents.projected(agent);
      },
    }),
  );

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
    db,
    vault,
    audit,
    staff,
    mqtt,
    host,
    agents,
    profiles,
    hall,
    replica,
    outbox,
    requests,
    gates,
    desk,
    attendance,
    pdf,
    certificates,
    verifySite,
    signer,
    selfService,
    cards,
    notifications,
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
