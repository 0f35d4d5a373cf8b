import type { MqttClient } from 'mqtt';
import { connectAsync } from 'mqtt';
import { startCampus } from '../testing/campus.ts';
import { readHubDatabase } from '../testing/hub-database.ts';
import type { HubProcess } from '../testing/hub-process.ts';
import { logInAsFirst } from '../testing/staff.ts';
import { maybe, until } from '../testing/until.ts';

const DEVICES = ['lift-1', 'lift-2', 'door-7'] as const;

export interface BusReport {
  readonly kills: number;
  /** Different events that devices tried to send. */
  readonly published: number;
  readonly acknowledged: number;
  readonly stored: number;
  /** Acknowledged and not there. */
  readonly lost: readonly string[];
  /** There more than once. */
  readonly doubled: readonly string[];
  /** `ok`, or what is wrong with the database. */
  readonly integrity: unknown;
}

/**
 * Three devices publish with QoS 1, eight messages in flight each, while the hub is killed by SIGKILL. After each start
 * they do what MQTT asks of them: what may not have been acknowledged is sent again, under the same id.
 */
export async function runBusKills({ kills }: { readonly kills: number }): Promise<BusReport> {
  const campus = await startCampus();
  try {
    let hub = await campus.startHub();
    const staff = await logInAsFirst(() => hub);
    const devices = await Promise.all(
      DEVICES.map(async (deviceId) => {
        const { token } = await staff.ask<{ token: string }>('POST', `/api/devices/${deviceId}/token`);
        return { deviceId, token, acknowledged: new Set<string>(), sent: 0 };
      }),
    );
    for (let kill = 0; kill < kills; kill += 1) {
      const before = devices.map(({ acknowledged }) => acknowledged.size);
      const publishing = devices.map(async (device) => {
        const client = await connect(hub, device.deviceId, device.token);
        // The last ones of the life before, again: some of them had been stored.
        const from = Math.max(0, device.sent - 20);
        device.sent = await publishUntilBroken(client, { ...device, from });
      });
      await until('every device has been heard', () =>
        devices.every(({ acknowledged }, index) => acknowledged.size > (before[index] ?? 0) + 50),
      );
      await hub.stop('SIGKILL');
      await Promise.all(publishing);
      hub = await campus.startHub();
    }

    const database = readHubDatabase(campus.database);
    const acknowledged = devices.flatMap(({ deviceId, acknowledged: ids }) =>
      [...ids].map((id) => `${deviceId} ${id}`),
    );
    const stored = (): readonly string[] =>
      database.deviceEvents().map(({ deviceId, eventId }) => `${deviceId} ${eventId}`);
    const lost = (): readonly string[] => {
      const there = new Set(stored());
      return acknowledged.filter((event) => !there.has(event));
    };
    // What stood in the inbox at the last kill is handed on by the hub that runs now.
    await maybe(() => lost().length === 0, { within: 10_000 });
    const all = stored();
    const report: BusReport = {
      kills,
      published: devices.reduce((sum, { sent }) => sum + sent, 0),
      acknowledged: acknowledged.length,
      stored: all.length,
      lost: lost(),
      doubled: repeated(all),
      integrity: database.integrity(),
    };
    database.close();
    return report;
  } finally {
    await campus.stop();
  }
}

function repeated(events: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return events.filter((event) => {
    const before = seen.has(event);
    seen.add(event);
    return before;
  });
}

const connect = (hub: HubProcess, deviceId: string, token: string): Promise<MqttClient> =>
  connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, {
    clientId: deviceId,
    username: deviceId,
    password: token,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: 5_000,
  });

/** Publishes events with ids counting up until the connection breaks; returns the next id. */
async function publishUntilBroken(
  client: MqttClient,
  {
    deviceId,
    from,
    acknowledged,
  }: { readonly deviceId: string; readonly from: number; readonly acknowledged: Set<string> },
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
    if (inFlight.size >= 8) await Promise.race([...inFlight, closed]);
  }
  await client.endAsync(true);
  return next;
}
