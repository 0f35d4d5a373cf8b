import { createMqttChannel } from '@hallhub/device-drivers/transports';
import { silentLog } from '@hallhub/device-drivers/kit';
import { systemClock, unwrap } from '@hallhub/sync/base';
import { afterAll, beforeAll } from 'vitest';
import { createMqttBus, createRabbitmqAccounts, guestTopicRights } from './index.ts';
import { CAMPUS, HUB_ID, busContract } from './testing/bus-contract.ts';
import { channelContract } from './testing/channel-contract.ts';
import type { RunningCluster } from './testing/rabbitmq.ts';
import { startRabbitmq } from './testing/rabbitmq.ts';

/* One cluster for both suites. */
const clock = systemClock({ mode: 'test' });
let running: RunningCluster;
beforeAll(async () => {
  running = await startRabbitmq();
}, 180_000);
afterAll(() => running.stop());

const accounts = () =>
  createRabbitmqAccounts({ broker: running.broker, managementUrls: running.managementUrls, campus: CAMPUS });

channelContract(
  'a RabbitMQ cluster',
  () => {
    const { broker } = running;
    const channel = createMqttChannel({
      ...broker,
      clientId: 'hub-channel',
      broker: 'rabbitmq',
      clock,
      log: silentLog,
    });
    channel.open();
    return Promise.resolve({
      channel,
      url: broker.urls[2] ?? broker.urls[0],
      ...(broker.ca !== undefined && { ca: broker.ca }),
      admit: async (username, password, rights) => {
        unwrap(await accounts().put(username, password, guestTopicRights(rights)));
      },
      stop: () => channel.close(),
    });
  },
  { restarts: false },
);

busContract('a RabbitMQ cluster', () => {
  const { broker } = running;
  return Promise.resolve({
    urls: broker.urls,
    ...(broker.ca !== undefined && { ca: broker.ca }),
    accounts: accounts(),
    createBus: (inbox) =>
      Promise.resolve(createMqttBus({ broker, campus: CAMPUS, hubId: HUB_ID, clock, inbox, log: () => undefined })),
    loseNode: () => running.killNode(1),
    restart: () => running.restart(),
    keepsSessions: true,
    stop: () => Promise.resolve(),
  });
});
