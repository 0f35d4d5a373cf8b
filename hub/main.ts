import { readFileSync } from 'node:fs';
import type { AgentHost } from '@hallhub/device-drivers/agent';
import { discoverMqttDevices } from '@hallhub/device-drivers/protocols/mqtt-discovery';
import type { Cancel } from '@hallhub/sync/base';
import type { Credentials } from './agents/index.ts';
import { createEnrolment } from './agents/index.ts';
import type { Broker } from './broker/index.ts';
import { openBroker } from './broker/index.ts';
import { createPlainListener } from './firmware/index.ts';
import { homeAssistantOf, hubStatusTopic } from './home-assistant/index.ts';
import { topicsInUse, watchBroker } from './devices/index.ts';
import { startHousekeeping } from './housekeeping.ts';
import type { HubOptions } from './options.ts';
import type { Parts } from './parts.ts';
import { createParts } from './parts.ts';
import type { DataDir } from './store/index.ts';
import { openDataDir } from './store/index.ts';
import { ownCertificate } from './tls/index.ts';
import type { Web } from './web-server.ts';
import { createWeb } from './web-server.ts';

/** A hub. What the demo adds to it (its own routes, its simulators) it adds through `api` and `live`. */
export interface Hub extends Omit<Parts, 'db' | 'hall' | 'pdf' | 'inbox'>, Omit<Web, 'server'> {
  /** Where its pages are, once it listens. */
  readonly url: string;
  readonly mqttPort: number;
  readonly host: AgentHost;
  /** Starts listening and talking. Routes cannot be added after this. A port in use rejects, and the hub is closed. */
  listen(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Builds the hub: the composition root. Nothing listens and nothing moves before {@link Hub.listen}.
 *
 * @throws {FailureError} `E-STORE-01xx` when the data folder is in use, newer than this program, or damaged.
 */
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
  const { config, clock, log } = options;
  const parts = createParts(options, dir);
  const {
    db,
    agents,
    host,
    hall,
    replica,
    outbox,
    requests,
    gates,
    pdf,
    certificates,
    selfService,
    devices,
    registry,
    inbox,
  } = parts;
  const certificate =
    config.http.tls.mode === 'own-ca' || config.mqtt.tls === 'own-ca'
      ? await ownCertificate({ dir, clock, names: config.http.names, hubId: config.hub.id })
      : undefined;
  // The pages come after the broker of which they tell.
  let tellPages: (agent: string) => void = () => undefined;
  const broker: Broker = await openBroker({
    config,
    clock,
    inbox,
    log,
    ...(config.mqtt.tls === 'own-ca' && certificate && { tls: certificate }),
    authenticate: (deviceId, token) => devices.authenticate(deviceId, token),
    withdrawn: () => devices.busDevices().flatMap(({ id, revokedAt }) => (revokedAt === null ? [] : [id])),
    onWithdrawn: (listener) => devices.onRevoked(listener),
    onWithdrawing: (id) => {
      tellPages(id);
    },
    ...(config.homeAssistant.enabled && { will: { topic: hubStatusTopic(config.hub.id), payload: 'offline' } }),
  });
  parts.mqtt.attach(broker.channel);
  const homeAssistant = homeAssistantOf(options, parts);
  const atBroker = discoverMqttDevices({
    channel: broker.channel,
    profiles: () => parts.profiles.catalogue().list(),
    onProfiles: (listener) => parts.profiles.onUse(listener),
    clock,
    onListenerError: (error) => {
      log.error({ err: error }, 'a listener of the discovery at the broker failed');
    },
  });
  const enrolment = createEnrolment({
    db,
    clock,
    audit: parts.audit,
    vault: parts.vault,
    configured: config.agents.map(({ id }) => id),
    issueToken: (agent, by) => devices.issueToken(agent, by),
    revokeToken: (agent, by) => devices.revokeToken(agent, by),
    admit: (agent, token) => broker.admit(agent, token),
    place: () => ({
      hub: config.hub.id,
      campus: config.hub.campus,
      profileKeys: config.profiles.keys,
      mqtt: brokerPlace(config, mqttPort, certificate?.ca),
    }),
  });
  // A hub that was killed between withdrawing an agent and shutting it out does the second now.
  for (const { id, revokedAt } of enrolment.enrolled())
    if (revokedAt !== null && devices.isAdmitted(id)) enrolment.shutOut(id, 'hub');
  let listening = false;
  const { server, api, live } = await createWeb(options, parts, {
    broker,
    enrolment,
    ownCertificate: certificate,
    isListening: () => listening,
  });
  tellPages = (id) => {
    live.publish('agents', { id });
  };

  const { plain } = config.firmware;
  const images = plain && createPlainListener({ ...plain, downloads: parts.firmware.downloads, log });
  let stopHousekeeping: Cancel = () => undefined;
  let stopWatchingBroker: Cancel = () => undefined;
  let url = '';
  let mqttPort = config.mqtt.port;

  const start = (): void => {
    registry.start();
    stopWatchingBroker = watchBroker({
      found: atBroker,
      inUse: topicsInUse(parts.configured, (id) => parts.profiles.catalogue().get(id)),
      discovery: registry.discovery,
    });
    host.start();
    agents.start(broker.bus);
    parts.profiles.start();
    parts.firmware.start();
    homeAssistant?.start();
    gates.start();
    parts.notifications.start();
    parts.attendance.start();
    selfService.start();
    parts.queue.start();
    parts.lockers.start();
    parts.cards?.start();
    // Its certificates are what the verify page knows our own papers by.
    void parts.signer?.open();
    certificates.start();
    inbox.resume();
    outbox.start();
    parts.verifySite?.start();
    replica.start();
    stopHousekeeping = startHousekeeping({
      clock,
      chores: [
        { name: 'ended passes', keepDays: 30, forget: (before) => gates.purge(before) },
        {
          name: 'nights in dormitories',
          keepDays: config.attendance.keep / 86_400_000,
          forget: (before) => parts.attendance.forget(before),
        },
        { name: 'walk-ins at gates', keepDays: 30, forget: (before) => parts.desk.forget(before) },
        { name: 'strangers at gates', keepDays: 30, forget: (before) => gates.forgetStrangers(before) },
        { name: 'messages that were sent', keepDays: 30, forget: (before) => parts.notifications.purge(before) },
        { name: 'data of ended requests', keepDays: 90, forget: (before) => requests.erase(before) },
        { name: 'handled device events', keepDays: 14, forget: (before) => inbox.purge(before) },
        { name: 'ended commands of devices', keepDays: 90, forget: (before) => registry.purge(before) },
        { name: 'changes of devices within a day', keepDays: 7, forget: (before) => registry.compact(before) },
        { name: 'reports of firmware roll-outs', keepDays: 730, forget: (before) => parts.firmware.purge(before) },
        { name: 'people of ended certificates', keepDays: 90, forget: (before) => certificates.forget(before) },
        { name: 'ended top-ups', keepDays: 730, forget: (before) => parts.cards?.forget(before) ?? 0 },
        ...parts.queue.chores,
        ...parts.lockers.chores,
        { name: 'what agents were told and reported', keepDays: 30, forget: (before) => agents.purge(before) },
      ],
      log: (message, fields) => {
        log.info(fields, message);
      },
    });
  };
  const close = async (): Promise<void> => {
    listening = false;
    stopHousekeeping();
    live.close();
    await server.close();
    await images?.stop();
    gates.stop();
    parts.attendance.stop();
    parts.notifications.stop();
    selfService.stop();
    parts.queue.stop();
    registry.stop();
    stopWatchingBroker();
    atBroker.stop();
    agents.stop();
    parts.profiles.stop();
    parts.firmware.stop();
    await homeAssistant?.stop();
    await Promise.all([
      replica.stop(),
      outbox.stop(),
      parts.verifySite?.stop(),
      certificates.stop(),
      parts.cards?.stop(),
      parts.lockers.stop(),
      broker.stop(),
    ]);
    await host.stop();
    await pdf.stop();
    hall.close();
    db.close();
    dir.release();
    log.info('hub has stopped');
  };

  return {
    ...parts,
    api,
    live,
    get url() {
      return url;
    },
    get mqttPort() {
      return mqttPort;
    },
    listen: async () => {
      try {
        ({ port: mqttPort } = await broker.start());
        await images?.start();
        const address = await server.listen({ host: config.http.host, port: config.http.port });
        url = address.replace('[::1]', 'localhost').replace('127.0.0.1', 'localhost');
      } catch (error) {
        await close();
        throw error;
      }
      start();
      listening = true;
      log.info({ url, mqttPort, hub: config.hub.id }, 'hub is up');
    },
    close,
  };
}

/** Where an agent finds the broker, and whose word it takes for it. */
function brokerPlace({ mqtt }: HubOptions['config'], port: number, ca: string | undefined): Credentials['mqtt'] {
  if (mqtt.broker === 'embedded') {
    const tls = mqtt.tls === 'own-ca';
    return { port, tls, ...(tls && ca !== undefined && { ca }) };
  }
  const [first = '', ...others] = mqtt.url ?? [];
  const outside = mqtt.caFile === undefined ? undefined : readFileSync(mqtt.caFile, 'utf8');
  return { urls: [first, ...others], tls: first.startsWith('mqtts:'), ...(outside !== undefined && { ca: outside }) };
}
