import { systemClock } from '@hallhub/sync/base';
import { createMosquittoAccounts, createMqttBus } from './index.ts';
import type { BrokerUnderTest } from './testing/bus-contract.ts';
import { CAMPUS, HUB_ID, busContract } from './testing/bus-contract.ts';
import { startMosquitto } from './testing/mosquitto.ts';

busContract('mosquitto', async (): Promise<BrokerUnderTest> => {
  const running = await startMosquitto();
  const { broker } = running;
  const clock = systemClock({ mode: 'test' });
  return {
    urls: broker.urls,
    ...(broker.ca !== undefined && { ca: broker.ca }),
    accounts: createMosquittoAccounts({ broker, campus: CAMPUS, hubId: HUB_ID, clock }),
    createBus: (inbox) =>
      Promise.resolve(createMqttBus({ broker, campus: CAMPUS, hubId: HUB_ID, clock, inbox, log: () => undefined })),
    restart: () => running.restart(),
    keepsSessions: true,
    stop: () => running.stop(),
  };
});
