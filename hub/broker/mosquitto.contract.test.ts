import { createMqttChannel } from '@hallhub/device-drivers/transports';
import { silentLog } from '@hallhub/device-drivers/kit';
import { systemClock, unwrap } from '@hallhub/sync/base';
import { afterAll, beforeAll } from 'vitest';
import { createMosquittoAccounts, createMqttBus, guestTopicRights } from './index.ts';
import { CAMPUS, HUB_ID, busContract } from './testing/bus-contract.ts';
import { channelContract } from './testing/channel-contract.ts';
import type { RunningBroker } from './testing/mosquitto.ts';
import { startMosquitto } from './testing/mosquitto.ts';

const clock = systemClock({ mode: 'test' });
let running: RunningBroker;
beforeAll(async () => {
  running = await startMosquitto();
});
afterAll(() => running.stop());

const accountsOf = (hubId: string) => createMosquittoAccounts({ broker: running.broker, campus: CAMPUS, hubId, clock });

busContract('mosquitto', () => {
  const { broker } = running;
  return Promise.resolve({
    urls: broker.urls,
    ...(broker.ca !== undefined && { ca: broker.ca }),
    accounts: accountsOf(HUB_ID),
    createBus: (inbox) =>
      Promise.resolve(createMqttBus({ broker, campus: CAMPUS, hubId: HUB_ID, clock, inbox, log: () => undefined })),
    restart: () => running.restart(),
    keepsSessions: true,
    stop: () => Promise.resolve(),
  });
});

channelContract(
  'mosquitto',
  () => {
    const { broker } = running;
    const accounts = accountsOf('hub-guests');
    const channel = createMqttChannel({
      ...broker,
      clientId: 'hub-channel',
      broker: 'mosquitto',
      clock,
      log: silentLog,
    });
    accounts.open();
    channel.open();
    return Promise.resolve({
      channel,
      url: broker.urls[0],
      ...(broker.ca !== undefined && { ca: broker.ca }),
      admit: async (username, password, rights) => {
        unwrap(await accounts.put(username, password, guestTopicRights(rights)));
      },
      restart: () => running.restart(),
      stop: async () => {
        await channel.close();
        await accounts.close();
      },
    });
  },
  { restarts: true },
);
