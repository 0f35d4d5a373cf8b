import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { busSchema } from '@hallhub/hub/broker';
import type { MqttClient } from 'mqtt';
import { connectAsync } from 'mqtt';
import type { Child } from './kit/children.ts';
import { pause, startChild } from './kit/children.ts';
import { withFolder } from './kit/folder.ts';
import { median, quantile, remark, report } from './kit/measure.ts';

/*
 * QoS 1 events from devices until the broker has acknowledged them. The hub's broker is a process of its own that
 * acknowledges when the event is committed; the same library without a store acknowledges at once. Then the hub's broker
 * is killed in mid-stream, over and over: an event that was acknowledged and is not in the file would be lost.
 */
const CLIENTS = 8;
const IN_FLIGHT = 32;
const ROUNDS = 3;
const BURST_MS = 2_500;
const PACED_PER_SECOND = 1_000;
const PACED_MS = 3_000;
const KILLS = 5;

type Kind = 'hub' | 'plain';
let lastId = 0;

const startBroker = async (kind: Kind, file: string): Promise<{ child: Child; port: number }> => {
  const child = startChild(join(import.meta.dirname, 'kit/broker-main.ts'), [kind, file]);
  return { child, port: Number((await child.next())['port']) };
};

const connect = (port: number, name: string): Promise<MqttClient> =>
  connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: name, username: name, password: 'x', reconnectPeriod: 0 });

/** Sends one event; resolves with its id when the broker has acknowledged it. */
async function send(client: MqttClient, name: string): Promise<string> {
  const id = `e${lastId++}`;
  const event = JSON.stringify({ id, type: 'passed', data: { direction: 'in', gate: 'east', note: 'x'.repeat(60) } });
  await client.publishAsync(`c/main/d/${name}/up/event`, event, { qos: 1 });
  return id;
}

/** As fast as it goes, with a bounded number in flight; the rate of acknowledgements. */
async function burst(clients: readonly MqttClient[]): Promise<number> {
  let acknowledged = 0;
  const begun = performance.now();
  const pump = async (client: MqttClient, name: string): Promise<void> => {
    while (performance.now() - begun < BURST_MS) {
      await send(client, name);
      acknowledged += 1;
    }
  };
  await Promise.all(
    clients.flatMap((client, index) => Array.from({ length: IN_FLIGHT }, () => pump(client, `device-${index}`))),
  );
  return acknowledged / ((performance.now() - begun) / 1_000);
}

/** At a campus's pace; how long each acknowledgement took, in ms. */
async function paced(clients: readonly MqttClient[]): Promise<readonly number[]> {
  const took: number[] = [];
  const under: Promise<void>[] = [];
  const begun = performance.now();
  for (let sent = 0; performance.now() - begun < PACED_MS;) {
    const due = ((performance.now() - begun) / 1_000) * PACED_PER_SECOND;
    for (; sent < due; sent += 1) {
      const index = sent % clients.length;
      const at = performance.now();
      under.push(send(clients[index]!, `device-${index}`).then(() => void took.push(performance.now() - at)));
    }
    await pause(1);
  }
  await Promise.all(under);
  return took;
}

async function measure(kind: Kind, file: string): Promise<{ rate: number; took: readonly number[] }> {
  const { child, port } = await startBroker(kind, file);
  const clients = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => connect(port, `device-${index}`)));
  const rate = await burst(clients);
  const took = await paced(clients);
  await Promise.all(clients.map((client) => client.endAsync(true)));
  await child.end();
  remark(`${kind} ${Math.round(rate)}/s, p99 ${quantile(took, 0.99).toFixed(2)} ms`);
  return { rate, took };
}

/** The inbox's rows without a broker: transactions of as many rows as there are messages in flight. */
function rawInserts(file: string): number {
  const db = openDatabase({ file });
  migrate({ db, components: [busSchema] });
  const clock = systemClock({ mode: 'production' });
  const insert = db.prepare('INSERT INTO bus_inbox (device_id, event_id, topic, payload, at) VALUES (?, ?, ?, ?, ?)');
  const payload = Buffer.alloc(130, 0x20);
  let rows = 0;
  const begun = performance.now();
  while (performance.now() - begun < BURST_MS / 2) {
    db.transaction(() => {
      for (let n = 0; n < CLIENTS * IN_FLIGHT; n += 1)
        insert.run('device-1', `r${rows++}`, 'event', payload, clock.now());
    }).immediate();
  }
  const rate = rows / ((performance.now() - begun) / 1_000);
  db.close();
  return rate;
}

/** Kills the broker in mid-stream and counts acknowledged events that the file does not hold. */
async function killed(file: string): Promise<{ acknowledged: number; lost: number }> {
  const acknowledged = new Set<string>();
  for (let round = 0; round < KILLS; round += 1) {
    const { child, port } = await startBroker('hub', file);
    const clients = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => connect(port, `device-${index}`)));
    let dead = false;
    const pump = async (client: MqttClient, name: string): Promise<void> => {
      while (!dead) acknowledged.add(await send(client, name));
    };
    for (const client of clients) client.on('error', () => undefined);
    const pumps = clients.flatMap((client, index) =>
      Array.from({ length: IN_FLIGHT }, () => pump(client, `device-${index}`).catch(() => undefined)),
    );
    await pause(300 + Math.random() * 500);
    await child.end('SIGKILL');
    dead = true;
    // What was in flight is never acknowledged now; ending the clients lets go of it.
    await Promise.all(clients.map((client) => client.endAsync(true)));
    await Promise.race([Promise.all(pumps), pause(1_000)]);
  }
  const db = openDatabase({ file });
  const held = new Set(db.prepare<[], string>('SELECT event_id FROM bus_inbox').pluck().all());
  db.close();
  return { acknowledged: acknowledged.size, lost: [...acknowledged].filter((id) => !held.has(id)).length };
}

await withFolder(async (folder) => {
  const file = (): string => join(mkdtempSync(join(folder, 'run-')), 'hub.db');
  const hub: Awaited<ReturnType<typeof measure>>[] = [];
  const plain: Awaited<ReturnType<typeof measure>>[] = [];
  const raw: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    hub.push(await measure('hub', file()));
    plain.push(await measure('plain', file()));
    raw.push(rawInserts(file()));
  }
  const rate = median(hub.map((run) => run.rate));
  report({
    name: 'mqtt-intake/rate',
    value: rate,
    unit: 'events/s',
    baseline: 'aedes without a store, acknowledging at once',
    baselineValue: median(plain.map((run) => run.rate)),
    clients: CLIENTS,
    inFlight: CLIENTS * IN_FLIGHT,
  });
  report({
    name: 'mqtt-intake/rate-of-inserts',
    value: rate,
    unit: 'events/s',
    baseline: 'the same rows inserted without a broker, as many a commit as are in flight',
    baselineValue: median(raw),
  });
  for (const [name, q] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    report({
      name: `mqtt-intake/${name}`,
      value: median(hub.map(({ took }) => quantile(took, q))),
      unit: 'ms',
      baseline: `aedes without a store, ${PACED_PER_SECOND} events/s on either side`,
      baselineValue: median(plain.map(({ took }) => quantile(took, q))),
      samples: hub.reduce((sum, { took }) => sum + took.length, 0),
    });
  }
  const { acknowledged, lost } = await killed(file());
  report({
    name: 'mqtt-intake/lost-over-kills',
    value: lost,
    unit: 'events',
    baseline: `acknowledged before ${KILLS} SIGKILLs of the broker`,
    baselineValue: acknowledged,
    aim: 'value = 0',
    kills: KILLS,
  });
  if (lost > 0) throw new Error(`${lost} acknowledged events are lost`);
});
