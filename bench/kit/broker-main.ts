import { once } from 'node:events';
import { createServer } from 'node:net';
import { busSchema, createAedesBus, createInbox } from '@hallhub/hub/broker';
import { systemClock } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { Aedes } from 'aedes';
import { say } from './children.ts';

/** A broker in a process of its own: `hub` with the hub's inbox in the given file, `plain` as its library comes. */
const [kind, file = ''] = process.argv.slice(2);
say({ port: kind === 'hub' ? await hub() : await plain() });

async function hub(): Promise<number> {
  const db = openDatabase({ file });
  migrate({ db, components: [busSchema] });
  const inbox = createInbox({
    db,
    clock: systemClock({ mode: 'production' }),
    onFault: (error) => {
      throw error;
    },
  });
  const bus = await createAedesBus({
    host: '127.0.0.1',
    port: 0,
    campus: 'main',
    inbox,
    authenticate: () => true,
    maxConnectionsPerAddress: 100,
    log: () => undefined,
  });
  return (await bus.start()).port;
}

async function plain(): Promise<number> {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
