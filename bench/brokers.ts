import { mkdtempSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createMosquittoAccounts } from '@hallhub/hub/broker';
import { systemClock, unwrap } from '@hallhub/sync/base';
import type { MqttClient } from 'mqtt';
import { connectAsync } from 'mqtt';
import { startMosquitto, testCertificate } from '../hub/broker/testing/mosquitto.ts';
import type { BusMainOptions } from './kit/bus-main.ts';
import type { Child } from './kit/children.ts';
import { pause, startChild } from './kit/children.ts';
import { withFolder } from './kit/folder.ts';
import { median, quantile, remark, report } from './kit/measure.ts';

/*
 * The hub's own traffic over the embedded broker and over mosquitto with the configuration that ships, both with TLS: QoS 1
 * events until they are committed in the hub's inbox, and the way from a device to the hub and back to the device. The hub
 * is a process of its own; over mosquitto a message passes one process more.
 */
const DEVICES = 8;
const IN_FLIGHT = 32;
const ROUNDS = 3;
const BURST_MS = 2_500;
const PACED_PER_SECOND = 400;
const PACED_MS = 3_000;

interface Measured {
  readonly rate: number;
  readonly hubCpuMicros: number;
  readonly took: readonly number[];
}

let lastEvent = 0;
const name = (index: number): string => `device-${index}`;

async function committed(hub: Child): Promise<{ events: number; cpu: number }> {
  hub.process.stdin?.write('\n');
  const answer = await hub.next();
  return { events: Number(answer['committed']), cpu: Number(answer['cpu']) };
}

/** Events as fast as they are acknowledged, and then until all of them are in the file. */
async function burst(hub: Child, clients: readonly MqttClient[]): Promise<{ rate: number; hubCpuMicros: number }> {
  let sent = 0;
  const before = await committed(hub);
  const begun = performance.now();
  const pump = async (client: MqttClient, device: string): Promise<void> => {
    while (performance.now() - begun < BURST_MS) {
      const event = { id: `e${lastEvent++}`, type: 'passed', data: { direction: 'in', note: 'x'.repeat(60) } };
      sent += 1;
      await client.publishAsync(`c/main/d/${device}/up/event`, JSON.stringify(event), { qos: 1 });
    }
  };
  await Promise.all(
    clients.flatMap((client, index) => Array.from({ length: IN_FLIGHT }, () => pump(client, name(index)))),
  );
  let now = await committed(hub);
  while (now.events - before.events < sent) {
    await pause(10);
    now = await committed(hub);
  }
  return {
    rate: sent / ((performance.now() - begun) / 1_000),
    hubCpuMicros: (now.cpu - before.cpu) / sent,
  };
}

/** From a device's word of presence to the hub's echo of it, in ms, at a steady pace. */
async function roundTrips(clients: readonly MqttClient[]): Promise<readonly number[]> {
  const left = new Map<string, number>();
  const took: number[] = [];
  const hear = (_topic: string, payload: Buffer): void => {
    const { session } = JSON.parse(payload.toString()) as { session: string };
    const at = left.get(session);
    if (at !== undefined && left.delete(session)) took.push(performance.now() - at);
  };
  for (const [index, client] of clients.entries()) {
    await client.subscribeAsync(`c/main/d/${name(index)}/down/#`, { qos: 1 });
    client.on('message', hear);
  }
  const begun = performance.now();
  for (let sent = 0; performance.now() - begun < PACED_MS;) {
    for (const due = ((performance.now() - begun) / 1_000) * PACED_PER_SECOND; sent < due; sent += 1) {
      const index = sent % clients.length;
      const session = `s${sent}`;
      left.set(session, performance.now());
      clients[index]?.publish(`c/main/d/${name(index)}/up/presence`, JSON.stringify({ state: 'online', session }), {
        qos: 0,
      });
    }
    await pause(1);
  }
  for (let patience = 200; left.size > 0 && patience > 0; patience -= 1) await pause(10);
  if (left.size > 0) remark(`${left.size} echoes are missing`);
  return took;
}

async function measure(options: BusMainOptions, url: string | undefined, ca: string): Promise<Measured> {
  const hub = startChild(join(import.meta.dirname, 'kit/bus-main.ts'), [JSON.stringify(options)]);
  const { port } = await hub.next();
  const clients = await Promise.all(
    Array.from({ length: DEVICES }, (_, index) =>
      connectAsync(url ?? `mqtts://127.0.0.1:${String(port)}`, {
        clientId: name(index),
        username: name(index),
        password: 'secret',
        ca,
        reconnectPeriod: 0,
      }),
    ),
  );
  for (const { stream } of clients)
    if ((stream as object) instanceof Socket) (stream as unknown as Socket).setNoDelay(true);
  const { rate, hubCpuMicros } = await burst(hub, clients);
  const took = await roundTrips(clients);
  await Promise.all(clients.map((client) => client.endAsync(true)));
  await hub.end('SIGKILL');
  remark(`${url ? 'mosquitto' : 'embedded'} ${Math.round(rate)}/s, p99 ${quantile(took, 0.99).toFixed(2)} ms`);
  return { rate, hubCpuMicros, took };
}

await withFolder(async (folder) => {
  const file = (): string => join(mkdtempSync(join(folder, 'run-')), 'hub.db');
  const { key, cert, ca } = await testCertificate();
  const mosquitto = await startMosquitto();
  const clock = systemClock({ mode: 'production' });
  const { broker } = mosquitto;
  const accounts = createMosquittoAccounts({ broker, campus: 'main', hubId: 'bench', clock });
  accounts.open();
  for (let index = 0; index < DEVICES; index += 1) unwrap(await accounts.put(name(index), 'secret'));
  await accounts.close();

  const inside: Measured[] = [];
  const outside: Measured[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    inside.push(await measure({ file: file(), tls: { key, cert } }, undefined, ca));
    outside.push(await measure({ file: file(), broker }, broker.urls[0], broker.ca ?? ca));
  }
  await mosquitto.stop();

  const compare = (what: string, unit: string, of: (run: Measured) => number, extra: Record<string, unknown>): void => {
    report({
      name: `brokers/${what}`,
      value: median(inside.map(of)),
      unit,
      baseline: 'the same hub over mosquitto 2.0 as shipped in deploy/brokers',
      baselineValue: median(outside.map(of)),
      ...extra,
    });
  };
  compare('committed', 'events/s', ({ rate }) => rate, { devices: DEVICES, inFlight: DEVICES * IN_FLIGHT });
  compare('hub-cpu', 'µs/event', ({ hubCpuMicros }) => hubCpuMicros, { note: 'mosquitto itself is not counted' });
  for (const [label, q] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const)
    compare(`round-trip-${label}`, 'ms', ({ took }) => quantile(took, q), { perSecond: PACED_PER_SECOND });
});
