import { createInterface } from 'node:readline';
import type { ExternalBroker } from '@hallhub/hub/broker';
import { busSchema, createAedesBus, createInbox, createMqttBus } from '@hallhub/hub/broker';
import { systemClock } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { say } from './children.ts';

/**
 * The hub's bus in a process of its own, with its inbox in a file: inside with the given certificate, or over the broker
 * given. Answers each line on its input with the number of events committed.
 */
export interface BusMainOptions {
  readonly file: string;
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly broker?: ExternalBroker;
}

const { file, tls, broker } = JSON.parse(process.argv[2] ?? '{}') as BusMainOptions;
const clock = systemClock({ mode: 'production' });
const db = openDatabase({ file });
migrate({ db, components: [busSchema] });
const inbox = createInbox({
  db,
  clock,
  onFault: (error) => {
    throw error;
  },
});
const bus = broker
  ? createMqttBus({ broker, campus: 'main', hubId: 'bench', clock, inbox, log: () => undefined })
  : await createAedesBus({
      host: '127.0.0.1',
      port: 0,
      ...(tls && { tls }),
      campus: 'main',
      inbox,
      authenticate: () => true,
      maxConnectionsPerAddress: 100,
      log: () => undefined,
    });
const { port } = await bus.start();
if (bus.up) say({ port });
else
  bus.onUp(() => {
    say({ port });
  });
const count = db.prepare<[], number>('SELECT count(*) FROM bus_inbox').pluck();
createInterface({ input: process.stdin }).on('line', () => {
  say({ committed: count.get(), cpu: process.cpuUsage().user + process.cpuUsage().system });
});
