import { X509Certificate, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createHintVerifier } from '@hallhub/sync/adapters/webhook';
import { ms, systemRandom } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { ownTrust, trustRoots, verifySite } from '@hallhub/sync/verification';
import type { FastifyInstance } from 'fastify';
import type { Enrolment } from './agents/index.ts';
import { agentRoutes, fingerprintOf } from './agents/index.ts';
import type { Api } from './api/api.ts';
import { SESSION_COOKIE, createApi } from './api/api.ts';
import type { Live, LiveEvent } from './api/live.ts';
import { createLive } from './api/live.ts';
import { createServer } from './api/server.ts';
import { attendanceRoutes, attendanceSummary } from './attendance/index.ts';
import { auditRoutes } from './audit/routes.ts';
import { cardRoutes, cardsSummary } from './cards/index.ts';
import { certificateRoutes } from './certificates/routes.ts';
import { certificatesSummary } from './certificates/summary.ts';
import { catalogue } from './codes.ts';
import { deviceRoutes } from './devices/routes.ts';
import { devicesSummary } from './devices/summary.ts';
import { firmwareRoutes } from './firmware/index.ts';
import { deskRoutes } from './gates/desk/index.ts';
import { gateRoutes } from './gates/routes.ts';
import { terminalRoutes } from './gates/terminals/routes.ts';
import { gatesSummary } from './gates/summary.ts';
import { hallRoutes } from './hall/routes.ts';
import { hallSummary } from './hall/summary.ts';
import { kioskFleetRoutes, kioskRoutes, kioskServiceRoutes, kiosksSummary, serveScreens } from './kiosks/index.ts';
import { lockersSummary, lockersWeb } from './lockers/index.ts';
import type { HubOptions } from './options.ts';
import type { Parts } from './parts.ts';
import { profileRoutes } from './profiles/index.ts';
import { queueSummary, queueWeb } from './queue/index.ts';
import type { Grant, Role } from './staff/index.ts';
import { may } from './staff/index.ts';
import type { Broker } from './broker/index.ts';
import { staffRoutes } from './staff/routes.ts';
import type { ServerCertificate } from './tls/index.ts';

export interface Web {
  readonly server: FastifyInstance;
  readonly api: Api;
  readonly live: Live;
}

const SCREENS_ROOT = fileURLToPath(new URL('../kiosk-app/dist/ui', import.meta.url));
const WEB_ROOT = fileURLToPath(new URL('./dist/web', import.meta.url));

/** The web server with the routes of every domain. `ownCertificate` is what the hub's own authority issued, if it did. */
export async function createWeb(
  { config, clock, log, demo = false }: HubOptions,
  parts: Parts,
  {
    broker,
    enrolment,
    ownCertificate,
    isListening,
  }: {
    readonly broker: Broker;
    readonly enrolment: Enrolment;
    readonly ownCertificate: ServerCertificate | undefined;
    readonly isListening: () => boolean;
  },
): Promise<Web> {
  const { db, audit, staff, host, replica, outbox, requests, gates, certificates, selfService, devices, registry } =
    parts;
  const tls = serverTls(config.http.tls, ownCertificate);
  const secure = tls !== undefined;
  const live = createLive({ epoch: randomBytes(6).toString('hex'), clock });
  const server = await createServer({
    log,
    ...(tls && { tls }),
    trustProxy: config.http.trustProxy,
    webRoot: WEB_ROOT,
  });
  const api = createApi({ server, staff, isKiosk: (kioskId, token) => selfService.kiosks.isKiosk(kioskId, token) });

  api.route({ method: 'GET', url: '/healthz', access: 'public', handler: () => ({ status: 'ok' }) });
  api.route({
    method: 'GET',
    url: '/readyz',
    access: 'public',
    handler: ({ reply }) => {
      const ready = isListening() && canWrite(db);
      return reply
        .code(ready ? 200 : 503)
        .send({ status: ready ? 'ready' : 'starting', hall: replica.status().feed.state });
    },
  });
  api.route({
    method: 'GET',
    url: '/api/instance',
    access: 'public',
    handler: () => ({ demo, hub: config.hub.id, label: config.hub.label, timeZone: config.hub.timeZone }),
  });
  api.route({ method: 'GET', url: '/api/catalogue', access: 'public', handler: () => catalogue });
  if (ownCertificate) {
    api.route({
      method: 'GET',
      url: '/ca.crt',
      access: 'public',
      handler: ({ reply }) => reply.type('application/x-x509-ca-cert').send(ownCertificate.ca),
    });
  }
  api.route({
    method: 'GET',
    url: '/api/events',
    access: ['operator', 'guard', 'counter', 'courier', 'dorms', 'auditor'],
    anyArea: true,
    handler: ({ request, reply }) => {
      const session = request.cookies[SESSION_COOKIE] ?? '';
      // Asked again for every event: a stream must not outlive the session, nor a role that was taken away.
      live.stream(request, reply, (event) => audible(staff.peek(session)?.grants ?? [], event));
    },
  });
  const summaries = [
    gatesSummary(gates),
    attendanceSummary(parts.attendance),
    certificatesSummary(certificates, parts.verifySite),
    kiosksSummary(selfService.fleet),
    ...(config.queue.halls.length > 0 ? [queueSummary(parts.queue)] : []),
    ...(parts.cards ? [cardsSummary(parts.cards)] : []),
    ...(config.lockers.cabinets.length + config.lockers.peers.length > 0
      ? [lockersSummary(parts.lockers, () => clock.now())]
      : []),
    hallSummary({ replica, outbox, requests }),
    devicesSummary(devices, registry, parts.agents, broker),
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
  terminalRoutes(api, { gates });
  deskRoutes(api, { gates, desk: parts.desk, live, clock });
  attendanceRoutes(api, { attendance: parts.attendance, live });
  certificateRoutes(api, { certificates });
  kioskRoutes(api, { selfService, certificates, live, secure });
  kioskServiceRoutes(api, selfService);
  await serveScreens(server, SCREENS_ROOT);
  cardRoutes(api, { cards: parts.cards, selfService, live });
  kioskFleetRoutes(api, selfService);
  const queueStreams = queueWeb(api, {
    ...{ queue: parts.queue, staff, selfService, certificates, vault: parts.vault, audit, live, clock, secure },
    random: systemRandom,
  });
  lockersWeb(api, { lockers: parts.lockers, staff, audit, clock, live });
  server.addHook('preClose', (done) => {
    queueStreams.close();
    done();
  });
  hallRoutes(api, { replica, outbox, requests, audit, live });
  deviceRoutes(api, {
    devices,
    registry,
    live,
    soon: (action) => clock.after(ms(250), action),
    admit: (id, token) => broker.admit(id, token),
    guests: config.mqtt.guests,
    agents: new Set(config.agents.map(({ id }) => id)),
  });
  profileRoutes(api, { profiles: parts.profiles, live });
  firmwareRoutes(api, { firmware: parts.firmware, live, clock });
  agentRoutes(api, {
    configured: config.agents,
    enrolment,
    link: parts.agents,
    live,
    withdrawing: () => broker.state().withdrawing,
    fingerprint: ownCertificate && tls ? fingerprintOf(new X509Certificate(ownCertificate.ca).raw) : undefined,
  });
  const { issuer, verification } = config.certificates;
  const configured = verification.trust.flatMap((file) => trustRoots(readFileSync(file, 'utf8')));
  await server.register((scope, _options, done) => {
    verifySite(scope, {
      register: certificates.register,
      roots: () => [...configured, ...ownTrust(parts.signer?.certificates ?? [])],
      clock,
      timeZone: config.hub.timeZone,
      issuer,
      onRefused: (counts) => {
        log.warn(counts, 'somebody asked the verify page too often');
      },
    });
    done();
  });
  host.onHealth(({ deviceId, health }) => {
    live.publish('devices', { id: deviceId, health });
    for (const kiosk of config.kiosks) {
      const { printer, reader, cardReader, scanner, receiptPrinter } = kiosk;
      if ([printer, reader, cardReader, scanner, receiptPrinter].includes(deviceId))
        selfService.kiosks.changed(kiosk.id);
    }
  });
  if (config.hall.webhookSecret !== undefined) {
    await hintRoute(server, createHintVerifier({ secrets: [config.hall.webhookSecret], clock }), () => {
      replica.wake();
    });
  }
  return { server, api, live };
}

/** A hub that cannot write can let nobody in and promise nothing: it is not ready, whatever else works. */
function canWrite(db: Db): boolean {
  try {
    return db.prepare('UPDATE hall_epoch SET epoch = epoch').run().changes === 1;
  } catch {
    return false;
  }
}

type TlsConfig = HubOptions['config']['http']['tls'];

function serverTls(
  tls: TlsConfig,
  own: ServerCertificate | undefined,
): { readonly key: string; readonly cert: string } | undefined {
  switch (tls.mode) {
    case 'own-ca':
      return own;
    case 'files':
      return { key: readFileSync(tls.keyFile, 'utf8'), cert: readFileSync(tls.certFile, 'utf8') };
    case 'off':
      return undefined;
  }
}

/** "Pull now" from the hall. The signature is over the exact bytes, so this corner of the server parses nothing. */
async function hintRoute(
  server: FastifyInstance,
  hints: ReturnType<typeof createHintVerifier>,
  wake: () => void,
): Promise<void> {
  await server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => {
      parsed(null, body);
    });
    scope.post('/hints', (request, reply) => {
      const verdict = hints.verify(request.headers, Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
      if (verdict === 'accepted') wake();
      return reply.code(verdict === 'refused' ? 401 : 204).send();
    });
    done();
  });
}

/** Which live topics need which role; a topic that is not here is not for staff. */
const TOPIC_ROLES: Readonly<Partial<Record<string, readonly Role[]>>> = {
  areas: ['guard', 'auditor'],
  gates: ['guard', 'auditor'],
  'gate-desk': ['guard', 'auditor'],
  dorms: ['dorms', 'auditor'],
  'check-in': ['dorms', 'counter'],
  prints: ['counter', 'auditor'],
  lockers: ['courier', 'auditor'],
  'top-ups': ['operator', 'counter', 'auditor'],
  hall: ['auditor'],
  devices: ['auditor'],
  firmware: ['auditor'],
  agents: ['auditor'],
};

/** Whether somebody with these grants may hear of an event: by a role anywhere, or of an area only by a role there. */
function audible(grants: readonly Grant[], { topic, area }: LiveEvent): boolean {
  const roles = TOPIC_ROLES[topic];
  if (!roles) return false;
  // A check-in point of no area is for whoever may check in anywhere.
  if (topic === 'check-in' && area === undefined) return grants.some((grant) => may([grant], roles, grant.area));
  return may(grants, roles, area ?? '*');
}
