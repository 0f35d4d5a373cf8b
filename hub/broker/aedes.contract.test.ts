import { ok } from '@hallhub/sync/base';
import { createAedesBus } from './index.ts';
import type { BrokerUnderTest } from './testing/bus-contract.ts';
import { CAMPUS, busContract } from './testing/bus-contract.ts';
import { freePorts } from './testing/process.ts';

busContract('the embedded broker', async (): Promise<BrokerUnderTest> => {
  const [port = 0] = await freePorts(1);
  const accounts = new Map<string, string>();
  return {
    urls: [`mqtt://127.0.0.1:${port}`],
    accounts: {
      put: (id, password) => {
        accounts.set(id, password);
        return Promise.resolve(ok());
      },
      remove: (id) => {
        accounts.delete(id);
        return Promise.resolve(ok());
      },
      close: () => Promise.resolve(),
    },
    createBus: (inbox) =>
      createAedesBus({
        host: '127.0.0.1',
        port,
        campus: CAMPUS,
        inbox,
        authenticate: (id, token) => accounts.get(id) === token,
        maxConnectionsPerAddress: 100,
        log: () => undefined,
      }),
    keepsSessions: false,
    stop: () => Promise.resolve(),
  };
});
