import { manualClock, ok } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import type { GuestRights } from './index.ts';
import { busSchema, createAedesBus, createInbox } from './index.ts';
import type { BrokerUnderTest } from './testing/bus-contract.ts';
import { CAMPUS, busContract } from './testing/bus-contract.ts';
import { channelContract } from './testing/channel-contract.ts';
import { freePorts } from './testing/process.ts';

busContract('the embedded broker', async (): Promise<BrokerUnderTest> => {
  const [port = 0] = await freePorts(1);
  const accounts = new Map<string, string>();
  return {
    urls: [`mqtt://127.0.0.1:${port}`],
    accounts: {
      open: () => undefined,
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

channelContract(
  'the embedded broker',
  async () => {
    const guests = new Map<string, { password: string; rights: GuestRights }>();
    const db = openDatabase({ file: ':memory:' });
    migrate({ db, components: [busSchema] });
    const bus = await createAedesBus({
      host: '127.0.0.1',
      port: 0,
      campus: CAMPUS,
      inbox: createInbox({ db, clock: manualClock(), onFault: () => undefined }),
      authenticate: (id, token) => guests.get(id)?.password === token,
      guest: (id) => guests.get(id)?.rights,
      maxConnectionsPerAddress: 100,
      log: () => undefined,
    });
    const { port } = await bus.start();
    return {
      channel: bus.channel,
      url: `mqtt://127.0.0.1:${port}`,
      admit: (username, password, rights) => {
        guests.set(username, { password, rights });
        return Promise.resolve();
      },
      stop: () => bus.stop(),
    };
  },
  { restarts: false },
);
