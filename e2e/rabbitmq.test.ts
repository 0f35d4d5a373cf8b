import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningCluster } from '../hub/broker/testing/rabbitmq.ts';
import { startRabbitmq } from '../hub/broker/testing/rabbitmq.ts';
import { cleanUp } from './testing/clean-up.ts';
import type { Hall } from './testing/faulty-hall.ts';
import {
  SHORT,
  cardWorks,
  giveInVain,
  neverDone,
  openHall,
  orderWorks,
  ordersGetThrough,
} from './testing/faulty-hall.ts';

/*
 * A gate behind an agent, and three nodes of RabbitMQ between it and the hub. Each test goes on from the one before. When all
 * nodes were down, `open-register.sh` is run on each as docs/brokers.md says, so that they do not wait 100 s for each other;
 * nothing is done to the hub or the agent. Run by `npm run test:cluster`, and not by
 * `npm test`: three nodes beside everything else want more than two cores.
 */

const running = cleanUp();
let cluster: RunningCluster;
let hall: Hall;

beforeAll(async () => {
  cluster = await startRabbitmq();
  running.later(() => cluster.stop());
  hall = await openHall(running, 'agent', cluster);
});
afterAll(() => running.run());

test('a cluster that loses the node that everybody uses: the gate goes on over the others, and no order fires late', async () => {
  await orderWorks(hall);
  const node = await cluster.killNode(1);
  // Whether the hub has found its way to another node by now or not: in time or never.
  const given = [await hall.orders.give(SHORT), await hall.orders.give(SHORT), await hall.orders.give(SHORT)];
  await hall.gateIs('ready');
  await ordersGetThrough(hall);
  const journal = await hall.orders.journal();
  for (const { hold } of given) {
    const effects = hall.orders.effects(hold);
    const expiresAt = journal.find(({ args }) => args.hold === hold)?.expiresAt ?? 0;
    expect(effects.length).toBeLessThanOrEqual(1);
    for (const { at } of effects) expect(at).toBeLessThan(expiresAt);
  }
  await node.back();
  await orderWorks(hall);
});

test('a cluster of which all nodes went down: everything is back by itself, and no order given meanwhile fires late', async () => {
  await orderWorks(hall);
  const lost = await cluster.killAll();
  const given = await giveInVain(hall);
  await lost.back();
  await hall.gateIs('ready');
  await ordersGetThrough(hall);
  await cardWorks(hall, 1);
  await neverDone(hall, given);
});
