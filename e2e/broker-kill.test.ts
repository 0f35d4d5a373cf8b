import type { MqttClient } from 'mqtt';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Campus } from './testing/campus.ts';
import { startCampus } from './testing/campus.ts';
import { readHubDatabase } from './testing/hub-database.ts';
import type { HubProcess } from './testing/hub-process.ts';
import { logInAsFirst } from './testing/staff.ts';
import { maybe, until } from './testing/until.ts';

/*
 * The device bus: what the broker acknowledged is in the database, whatever becomes of the process. Devices do what MQTT
 * asks of them with QoS 1: what was not acknowledged is sent again, under the same id.
 */

const DEVICES = ['lift-1', 'lift-2', 'door-7'] as const;
const KILLS = 4;

let campus: Campus;
beforeAll(async () => {
  campus = await startCampus();
});
afterAll(() => campus.stop());

const connect = (hub: HubProcess, deviceId: string, token: string): Promise<MqttClient> =>
  connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, {
    clientId: deviceId,
    username: deviceId,
    password: token,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: 5_000,
  });

/** Publishes events with ids counting up until the connection breaks; ids that were acknowledged are put into `acknowledged`. */
async function publishUntilBroken(
  client: MqttClient,
  { deviceId, from, acknowledged }: { deviceId: string; from: number; acknowledged: Set<string> },
): Promise<number> {
  let next = from;
  client.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    client.once('close', () => {
      resolve();
    });
  });
  const inFlight = new Set<Promise<void>>();
  while (client.connected) {
    const id = `e${next++}`;
    const sent = client
      .publishAsync(`c/south/d/${deviceId}/up/event`, JSON.stringify({ id, type: 'passed', data: { id } }), { qos: 1 })
      .then(
        () => void acknowledged.add(id),
        () => undefined,
      )
      .finally(() => inFlight.delete(sent));
    inFlight.add(sent);
    // A window of eight, as devices with little memory keep it.
    if (inFlight.size >= 8) await Promise.race([...inFlight, closed]);
  }
  await client.endAsync(true);
  return next;
}

test('what the broker acknowledged before it was killed is there exactly once', async () => {
  let hub = await campus.startHub();
  const staff = await logInAsFirst(() => hub);
  const devices = await Promise.all(
    DEVICES.map(async (deviceId) => {
      const { token } = await staff.ask<{ token: string }>('POST', `/api/devices/${deviceId}/token`);
      return { deviceId, token, acknowledged: new Set<string>(), sent: 0 };
    }),
  );
  await expect(connect(hub, 'lift-1', devices[1]!.token)).rejects.toThrow();
  const database = readHubDatabase(campus.database);

  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = devices.map(({ acknowledged }) => acknowledged.size);
    const publishing = devices.map(async (device) => {
      const client = await connect(hub, device.deviceId, device.token);
      // The last ones of the life before, again: some of them had been stored.
      const from = Math.max(0, device.sent - 20);
      device.sent = await publishUntilBroken(client, { ...device, from });
    });
    await until('every device has been heard', () =>
      devices.every(({ acknowledged }, index) => acknowledged.size > before[index]! + 50),
    );
    await hub.stop('SIGKILL');
    await Promise.all(publishing);
    hub = await campus.startHub();
  }

  const stored = (): readonly string[] =>
    database.deviceEvents().map(({ deviceId, eventId }) => `${deviceId} ${eventId}`);
  const acknowledged = devices.flatMap(({ deviceId, acknowledged }) =>
    [...acknowledged].map((id) => `${deviceId} ${id}`),
  );
  const lost = (): readonly string[] => {
    const there = new Set(stored());
    return acknowledged.filter((event) => !there.has(event));
  };
  await maybe(() => lost().length === 0, { within: 10_000 });
  expect(lost()).toEqual([]);
  expect(new Set(stored()).size).toBe(stored().length);
  expect(database.integrity()).toBe('ok');
  database.close();
  expect(await hub.stop('SIGTERM')).toEqual({ code: 0, signal: null });
});
