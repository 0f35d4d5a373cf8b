import { afterEach, describe, expect, test } from 'vitest';
import { startMosquitto } from '../hub/broker/testing/mosquitto.ts';
import { cleanUp } from './testing/clean-up.ts';
import { SHORT, cardWorks, giveInVain, neverDone, openHall, orderWorks } from './testing/faulty-hall.ts';
import type { GivenOrder } from './testing/orders.ts';
import { choices } from './testing/random.ts';
import { until } from './testing/until.ts';

/*
 * What breaks in a hall breaks here: serial adapters are pulled, brokers and hubs are killed. Every release of the barrier is
 * counted at the simulated relay board itself, each by its own length.
 */

let running = cleanUp();
afterEach(async () => {
  await running.run();
  running = cleanUp();
});

describe.each(['hub', 'agent'] as const)('serial adapters on the %s that are unplugged', (where) => {
  test('are back by themselves when they are plugged in, and no order given meanwhile fires late', async () => {
    const hall = await openHall(running, where);
    await orderWorks(hall);
    await hall.campus.unplugGate();
    await hall.gateIs('down');
    const given = await giveInVain(hall);
    for (const { hold } of given) await hall.orders.settled(hold, ['expired']);
    await hall.campus.plugGate();
    await hall.gateIs('ready');
    await orderWorks(hall);
    await cardWorks(hall, 1);
    await neverDone(hall, given);
  });
});

describe('a broker that is lost with an agent behind it', () => {
  test('the hub’s own, with an agent that hangs: the devices are back by themselves, and no order fires late', async () => {
    const hall = await openHall(running, 'agent');
    await orderWorks(hall);
    hall.freezeAgent();
    // The hub cannot know yet: these wait in the agent's socket.
    const inSocket = await giveInVain(hall);
    hall.thawAgent();
    await orderWorks(hall);
    hall.freezeAgent();
    const before = await giveInVain(hall);
    await hall.restartHub('SIGTERM');
    const after = await giveInVain(hall);
    for (const { hold } of after) await hall.orders.settled(hold, ['expired']);
    hall.thawAgent();
    await hall.gateIs('ready');
    await orderWorks(hall);
    await cardWorks(hall, 1);
    await neverDone(hall, [...inSocket, ...before, ...after]);
  });

  test('mosquitto: the devices are back by themselves, and no order given meanwhile fires late', async () => {
    const mosquitto = await startMosquitto();
    running.later(() => mosquitto.stop());
    const hall = await openHall(running, 'agent', mosquitto);
    await orderWorks(hall);
    await mosquitto.kill();
    const given = await giveInVain(hall);
    await mosquitto.start();
    await hall.gateIs('ready');
    await orderWorks(hall);
    await cardWorks(hall, 1);
    await neverDone(hall, given);
  });
});

const ROUNDS = 8;
const TOGETHER = 4;
const SEED = 20_261_122;
/** Interrupted in the middle; whether it was done is not known. */
const UNKNOWN = 'E-DEV-0206';

test('a hub that is killed with orders on their way to an agent: each is done once at most, in time, and told honestly', async () => {
  const random = choices(SEED);
  const hall = await openHall(running, 'agent');
  const { campus, orders } = hall;
  const given: GivenOrder[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const done = campus.turnstile.pulses.length;
    const together = Array.from({ length: TOGETHER }, () => orders.give(random.of([SHORT, 2_000, 5_000])));
    // Either as the first is taken on record, or as the board does the first, when the hub has not heard of it yet.
    if (round % 2 === 0) await Promise.race(together);
    else await until('the board does one', () => campus.turnstile.pulses.length > done, { every: 1 });
    const moment = performance.now() + random.integer(20);
    await until('the moment', () => performance.now() >= moment, { every: 1 });
    await hall.restartHub('SIGKILL');
    given.push(...(await Promise.all(together)));
    await hall.gateIs('ready');
  }
  await orderWorks(hall);

  const journal = await orders.journal();
  for (const { hold, answer } of given) {
    const effects = orders.effects(hold);
    const row = journal.find(({ args }) => args.hold === hold);
    const story = `order ${hold}: done ${effects.length} times, ${row ? `${row.state} ${row.code ?? ''}` : 'unknown'}`;
    expect(effects.length, story).toBeLessThanOrEqual(1);
    // What was answered or done is on record.
    if (answer?.status === 200 || effects.length > 0) expect(row, story).toBeDefined();
    if (!row) continue;
    for (const { at } of effects) expect(at, story).toBeLessThan(row.expiresAt);
    expect(row.state, story).not.toMatch(/queued|sent/);
    // Done: it says so, or that nobody knows. Not done: it does not say that it was.
    if (effects.length > 0) expect(row.state === 'acknowledged' || row.code === UNKNOWN, story).toBe(true);
    else expect(row.state, story).not.toMatch(/acknowledged|observed|unconfirmed/);
  }
  // Of every second round at least one order was done.
  expect(campus.turnstile.pulses.length).toBeGreaterThan(ROUNDS / 2);
});
