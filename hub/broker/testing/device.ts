import { randomUUID } from 'node:crypto';
import type { MqttClient } from 'mqtt';
import { connect } from 'mqtt';
import { downPrefix, upPrefix } from '../acl.ts';
import { serversOf } from '../external.ts';

export interface TestDeviceOptions {
  /** The nodes of a cluster are tried in turn. */
  readonly urls: readonly [string, ...string[]];
  readonly ca?: string;
  readonly campus: string;
  readonly id: string;
  readonly password: string;
  /** Milliseconds between heartbeats; short, because a test does not want to wait ten seconds for the hub to know. */
  readonly heartbeatMs?: number;
  readonly onDown?: (topic: string, payload: string) => void;
}

/** A device as `device-bus.ts` asks for: the same on every broker. It reconnects by itself and repeats what was not acknowledged. */
export function startDevice(options: TestDeviceOptions): MqttClient {
  const identity = { campus: options.campus, deviceId: options.id };
  const presenceTopic = `${upPrefix(identity)}presence`;
  const presence = (state: 'online' | 'offline', session: string): string =>
    JSON.stringify({ state, session, at: Date.now() });
  let session = randomUUID();
  const will = () => ({ topic: presenceTopic, payload: Buffer.from(presence('offline', session)), qos: 1 as const });
  const client = connect(options.urls[0], {
    ...serversOf(options.urls),
    clientId: options.id,
    username: options.id,
    password: options.password,
    ...(options.ca !== undefined && { ca: options.ca }),
    clean: true,
    will: { ...will(), retain: false },
    reconnectPeriod: 100,
    reconnectOnConnackError: true,
    connectTimeout: 3_000,
    keepalive: 10,
    resubscribe: false,
  });
  const sayOnline = (): void => {
    client.publish(presenceTopic, presence('online', session), { qos: 0 });
  };
  const beat = options.heartbeatMs ?? 500;
  let unanswered = 0;
  let heartbeat: NodeJS.Timeout | undefined;
  client.on('connect', () => {
    client.subscribe(`${downPrefix(identity)}#`, { qos: 0 }, (error, granted) => {
      if (error ?? granted?.some(({ qos }) => qos > 2)) {
        // Not heard is not there: a node of a cluster that was lost may still hold the old subscription for a moment.
        client.stream.destroy();
        return;
      }
      sayOnline();
      clearInterval(heartbeat);
      unanswered = 0;
      heartbeat = setInterval(() => {
        unanswered += 1;
        // Deaf, or the hub is away.
        if (unanswered > 8) client.stream.destroy();
        else sayOnline();
      }, beat);
    });
  });
  client.on('close', () => {
    clearInterval(heartbeat);
    // A session is one connection: the next one has another will.
    session = randomUUID();
    client.options.will = { ...will(), retain: false };
  });
  client.on('error', () => undefined);
  client.on('message', (topic, payload) => {
    unanswered = 0;
    const name = topic.slice(downPrefix(identity).length);
    if (name !== 'presence') options.onDown?.(name, payload.toString());
  });
  return client;
}
