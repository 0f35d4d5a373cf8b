import { systemClock } from '@hallhub/sync/base';
import { createMqttBus, createRabbitmqAccounts } from './index.ts';
import type { BrokerUnderTest } from './testing/bus-contract.ts';
import { CAMPUS, HUB_ID, busContract } from './testing/bus-contract.ts';
import { startRabbitmq } from './testing/rabbitmq.ts';

busContract(
  'a RabbitMQ cluster',
  async (): Promise<BrokerUnderTest> => {
    const running = await startRabbitmq();
    const { broker, managementUrls } = running;
    const clock = systemClock({ mode: 'test' });
    return {
      urls: broker.urls,
      ...(broker.ca !== undefined && { ca: broker.ca }),
      accounts: createRabbitmqAccounts({ broker, managementUrls, campus: CAMPUS }),
      createBus: (inbox) =>
        Promise.resolve(createMqttBus({ broker, campus: CAMPUS, hubId: HUB_ID, clock, inbox, log: () => undefined })),
      loseNode: () => running.killNode(1),
      restart: () => running.restart(),
      keepsSessions: true,
      stop: () => running.stop(),
    };
  },
  180_000,
);
