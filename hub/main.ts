import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { builtInProtocols, createAgentHost } from '@hallhub/device-drivers/agent';
import type { AgentHost, DeviceDefinition } from '@hallhub/device-drivers/agent';
import type { Protocol, TransportFactory } from '@hallhub/device-drivers/kit';
import { createHintVerifier } from '@hallhub/sync/adapters/webhook';
import { createHttpHall } from '@hallhub/sync/adapters/http-feed';
import type { Cancel, Clock, RandomBytes } from '@hallhub/sync/base';
import { err, systemRandom, unwrap } from '@hallhub/sync/base';
import { requestKinds } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import { createOutbox } from '@hallhub/sync/outbox';
import type { Replica } from '@hallhub/sync/replica';
import { createReplica } from '@hallhub/sync/replica';
import type { Db } from '@hallhub/sync/sqlite';
import { outboxSchema, replicaSchema, sqliteOutboxStore, sqliteReplicaStore } from '@hallhub/sync/sqlite';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createApi } from './api/api.ts';
import type { Api } from './api/api.ts';
import type { Live } from './api/live.ts';
import { createLive } from './api/live.ts';
import { createServer } from './api/server.ts';
import { auditSchema, createAudit } from './audit/index.ts';
import { auditRoutes } from './audit/routes.ts';
import { busSchema, createAedesBus, createInbox } from './broker/index.ts';
import type { CertificateService } from './certificates/index.ts';
import {
  certificateHandler,
  certificateSchema,
  certificateService,
  printerDirectory,
  toOutcome,
} from './certificates/index.ts';
import { fontFiles, pdfProcess } from './certificates/render/index.ts';
import { certificateRoutes } from './certificates/routes.ts';
import { certificatesSummary } from './certificates/summary.ts';
import { catalogue } from './codes.ts';
import type { Config, DeviceConfig } from './config/index.ts';
import { createDevices, devicesSchema } from './devices/index.ts';
import { deviceRoutes } from './devices/routes.ts';
import { devicesSummary } from './devices/summary.ts';
import type { Gates } from './gates/index.ts';
import { createGates, gatesSchema } from './gates/index.ts';
import { gateRoutes } from './gates/routes.ts';
import { gatesSummary } from './gates/summary.ts';
import { hallSchema, readEpoch } from './hall/epoch.ts';
import { hallRoutes } from './hall/routes.ts';
import { hallSummary } from './hall/summary.ts';
import { startHousekeeping } from './housekeeping.ts';
import type { Kiosks } from './kiosks/index.ts';
import { createKiosks, kioskRoutes } from './kiosks/index.ts';
import type { Requests } from './requests/index.ts';
import { createRequests, requestsSchema } from './requests/index.ts';
import type { Staff } from './staff/index.ts';
import { createStaff, staffSchema } from './staff/index.ts';
import { staffRoutes } from './staff/routes.ts';
import type { DataDir } from './store/index.ts';
import { openDataDir, openStore, secretFile } from './store/index.ts';
import { ownCertificate } from './tls/index.ts';
import type { Vault } from './vault/index.ts';
import { createVault } from './vault/index.ts';

/** The tables of every part that keeps its state in the hub's database. A new domain adds one line. */
export const schemaComponents = [
  auditSchema,
  staffSchema,
  hallSchema,
  replicaSchema,
  outboxSchema,
  requestsSchema,
  gatesSchema,
  certificateSchema,
  devicesSchema,
  busSchema,
];

export interface HubOptions {
  readonly config: Config;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: RandomBytes;
  readonly demo?: boolean;
  /** Lines other than serial and TCP: the demo's in-memory ones. */
  readonly transports?: TransportFactory;
  readonly protocols?: readonly Protocol[];
}

/** A running hub. What the demo adds to it (its own routes, its simulators) it adds through `api` and `live`. */
export interface Hub {
  readonly url: string;
  readonly mqttPort: number;
  readonly api: Api;
  readonly server: FastifyInstance;
  readonly live: Live;
  readonly host: AgentHost;
  readonly gates: Gates;
  readonly kiosks: Kiosks;
  readonly staff: Staff;
  readonly vault: Vault;
  readonly replica: Replica;
  readonly outbox: Outbox;
  readonly requests: Requests;
  readonly certificates: CertificateService;
  /** Starts listening and talking. Routes cannot be added after this. */
  listen(): Promise<void>;
  close(): Promise<void>;
}

const WEB_ROOT = fileURLToPath(new URL('./dist/web', import.meta.url));
const CLOCK_FLOOR = Date.UTC(2026, 0, 1);

/** Builds the hub: the one place where parts meet. Nothing listens and nothing moves before {@link Hub.listen}. */
export async function createHub(options: HubOptions): Promise<Hub> {
  const dir = openDataDir(options.dataDir);
  try {
    return await compose(options, dir);
  } catch (error) {
    dir.release();
    throw error;
  }
}

async function compose(options: HubOptions, dir: DataDir): Promise<Hub> {
  const { config, clock, log, random = systemRandom, demo = false } = options;
  const db: Db = openStore({ dir, components: schemaComponents, clock });
  const vault = createVault(secretFile(dir, 'vault.key', () => randomBytes(32)));
  const audit = createAudit({ db, clock });
  const staff = createStaff({ db, clock, audit });

  const host = createAgentHost({
    clock,
    random,
    log,
    devices: config.devices.map(toDefinition),
    protocols: options.protocols ?? builtInProtocols,
    ...(options.transports && { transportFactory: options.transports }),
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
  });

  const gates = createGates({
    db,
    clock,
    random,
    vault,
    audit,
    outbox,
    host,
    requests: () => requests,
    timeZone: config.hub.timeZone,
    areas: config.areas,
    gates: config.gates,
    pictureAge: () => {
      const age = replica.staleness();
      return Number.isFinite(age) ? age : undefined;
    },
    // A machine whose clock battery died wakes up in the past; every validity window would then be judged wrongly.
    clockTrusted: () => clock.now() >= CLOCK_FLOOR,
    log: (level, message, fields) => {
      log[level](fields, message);
    },
  });

  const pdf = pdfProcess({
    clock,
    fonts: fontFiles(config.certificates.fallbackFontFile === undefined ? [] : [config.certificates.fallbackFontFile]),
    idleAfter: config.certificates.idleShutdown,
  });
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
    },
    audit: ({ actor, action, subject, reason, detail }) => {
      audit.record({ actor, action, subject, detail: { ...detail, reason } });
    },
    printers: printerDirectory({ host, devices: config.devices }),
    log: (level, message, fields) => {
      log[level](fields, message);
    },
  });

  const requests = createRequests({
    db,
    clock,
    vault,
    handlers: [gates.handler, certificateHandler({ certificates, vault })],
  });
  const replica = createReplica({
    source: hall.source,
    store: sqliteReplicaStore({ db, source: 'hall', sealer: vault.sealer }),
    kinds: requestKinds,
    project: requests.project,
    clock,
    random,
  });

  const devices = createDevices({ db, clock, audit, host, configured: config.devices });
  const kiosks = createKiosks({ kiosks: config.kiosks, host, vault, clock });

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
  const certificate =
    config.http.tls.mode === 'own-ca' || config.mqtt.tls === 'own-ca'
      ? await ownCertificate({ dir, clock, names: config.http.names, hubId: config.hub.id })
      : undefined;
  const bus = await createAedesBus({
    host: config.mqtt.host,
    port: config.mqtt.port,
    ...(config.mqtt.tls === 'own-ca' && certificate && { tls: certificate }),
    campus: config.hub.campus,
    inbox,
    authenticate: (deviceId, token) => devices.authenticate(deviceId, token),
    maxConnectionsPerAddress: config.mqtt.maxConnectionsPerAddress,
    log: (level, message, fields) => {
      log[level](fields, message);
    },
  });

  const { tls } = config.http;
  const serverTls =
    tls.mode === 'own-ca'
      ? certificate
      : tls.mode === 'files'
        ? { key: readFileSync(tls.keyFile, 'utf8'), cert: readFileSync(tls.certFile, 'utf8') }
        : undefined;
  const live = createLive({ epoch: randomBytes(6).toString('hex'), clock });
  const server = await createServer({ log, ...(serverTls && { tls: serverTls }), webRoot: WEB_ROOT });
  const api = createApi({ server, staff, isKiosk: (kioskId, token) => kiosks.isKiosk(kioskId, token) });
  const secure = serverTls !== undefined;

  let listening = false;
  api.route({ method: 'GET', url: '/healthz', access: 'public', handler: () => ({ status: 'ok' }) });
  api.route({
    method: 'GET',
    url: '/readyz',
    access: 'public',
    handler: ({ reply }) => {
      const ready = listening && db.prepare('SELECT 1').pluck().get() === 1;
      return reply
        .code(ready ? 200 : 503)
        .send({ status: ready ? 'ready' : 'starting', hall: replica.status().feed.state });
    },
  });
  api.route({
    method: 'GET',
    url: '/api/instance',
    access: 'public',
    handler: () => ({ demo, hub: config.hub.id, label: config.hub.label }),
  });
  api.route({ method: 'GET', url: '/api/catalogue', access: 'public', handler: () => catalogue });
  if (certificate) {
    api.route({
      method: 'GET',
      url: '/ca.crt',
      access: 'public',
      handler: ({ reply }) => reply.type('application/x-x509-ca-cert').send(certificate.ca),
    });
  }
  api.route({
    method: 'GET',
    url: '/api/events',
    access: ['operator', 'guard', 'counter', 'auditor'],
    handler: ({ request, reply, staff: account }) => {
      live.stream(request, reply, topicsFor(account.grants.map(({ role }) => role)));
    },
  });
  const summaries = [
    gatesSummary(gates),
    certificatesSummary(certificates),
    hallSummary({ replica, outbox, requests }),
    devicesSummary(devices),
  ];
  api.route({
    method: 'GET',
    url: '/api/summary',
    access: ['operator', 'auditor'],
    handler: () => summaries.map((summarise) => summarise()),
  });
  staffRoutes(api, { staff, secure });
  auditRoutes(api, { audit });
  gateRoutes(api, { gates, live });
  certificateRoutes(api, { certificates });
  kioskRoutes(api, { kiosks, certificates, live, secure });
  hallRoutes(api, { replica, outbox, requests, audit, live });
  deviceRoutes(api, { devices });
  host.onHealth(({ deviceId, health }) => {
    live.publish('devices', { id: deviceId, health });
    for (const { id, printer, reader } of config.kiosks) {
      if (deviceId !== printer && deviceId !== reader) continue;
      live.publish(`kiosk/${id}`, unwrap(kiosks.view(id)));
    }
  });
  if (config.hall.webhookSecret !== undefined) {
    const hints = createHintVerifier({ secrets: [config.hall.webhookSecret], clock });
    server.addContentTypeParser('application/webhook+json', { parseAs: 'buffer' }, (_request, body, done) => {
      done(null, body);
    });
    server.post('/hints', (request, reply) => {
      const verdict = hints.verify(
        request.headers,
        Buffer.isBuffer(request.body) ? request.body : Buffer.from(JSON.stringify(request.body ?? {})),
      );
      if (verdict === 'accepted') replica.wake();
      return reply.code(verdict === 'refused' ? 401 : 204).send();
    });
  }

  let stopHousekeeping: Cancel = () => undefined;
  let url = '';
  let mqttPort = config.mqtt.port;
  return {
    get url() {
      return url;
    },
    get mqttPort() {
      return mqttPort;
    },
    api,
    server,
    live,
    host,
    gates,
    kiosks,
    staff,
    vault,
    replica,
    outbox,
    requests,
    certificates,
    listen: async () => {
      ({ port: mqttPort } = await bus.start());
      const address = await server.listen({ host: config.http.host, port: config.http.port });
      url = address.replace('[::1]', 'localhost').replace('127.0.0.1', 'localhost');
      host.start();
      gates.start();
      kiosks.start();
      certificates.start();
      inbox.resume();
      outbox.start();
      replica.start();
      stopHousekeeping = startHousekeeping({
        clock,
        chores: [
          { name: 'ended passes', keepDays: 30, forget: (before) => gates.purge(before) },
          { name: 'handled device events', keepDays: 14, forget: (before) => inbox.purge(before) },
        ],
        log: (message, fields) => {
          log.info(fields, message);
        },
      });
      listening = true;
      log.info({ url, mqttPort, hub: config.hub.id }, 'hub is up');
    },
    close: async () => {
      listening = false;
      stopHousekeeping();
      live.close();
      await server.close();
      gates.stop();
      kiosks.stop();
      await Promise.all([replica.stop(), outbox.stop(), certificates.stop(), bus.stop()]);
      await host.stop();
      await pdf.stop();
      hall.close();
      db.close();
      dir.release();
      log.info('hub has stopped');
    },
  };
}

/** Which live topics a role may hear. */
function topicsFor(roles: readonly string[]): ReadonlySet<string> {
  const topics: Readonly<Record<string, readonly string[]>> = {
    operator: ['gates', 'prints', 'hall', 'devices'],
    auditor: ['gates', 'prints', 'hall', 'devices'],
    guard: ['gates'],
    counter: ['prints'],
  };
  return new Set(roles.flatMap((role) => topics[role] ?? []));
}

/** The configuration's shape of a device as the agent's host takes it. */
function toDefinition({ id, profile, transport, params }: DeviceConfig): DeviceDefinition {
  if (transport.kind !== 'memory') return { id, profile, transport, params };
  const { kind, name, baudRate } = transport;
  return { id, profile, transport: baudRate === undefined ? { kind, name } : { kind, name, baudRate }, params };
}
