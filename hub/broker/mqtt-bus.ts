import type { Clock } from '@hallhub/sync/base';
import type { IPublishPacket, MqttClient } from 'mqtt';
import { connect } from 'mqtt';
import { downPrefix, mayUseTopic, upPrefix } from './acl.ts';
import type { DeviceBus, TransientMessage } from './device-bus.ts';
import { TRANSIENT_TOPICS } from './device-bus.ts';
import type { ExternalBroker } from './external.ts';
import { connectOptions, portOf, sendAtOnce } from './external.ts';
import type { Inbox } from './inbox.ts';
import { PRESENCE_TOPIC, createPresenceBook } from './presence.ts';

export interface MqttBusOptions {
  readonly broker: ExternalBroker;
  readonly campus: string;
  /** The session's name at the broker is `hub-{hubId}`: stable, so that what came while the hub was down is found again. */
  readonly hubId: string;
  readonly clock: Clock;
  readonly inbox: Inbox;
  readonly log: (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** What may wait in this process for a broker that does not read; beyond it messages to devices are dropped. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;

/**
 * {@link DeviceBus} over a broker of its own (mosquitto, RabbitMQ).
 *
 * The hub's session is persistent and acknowledges by hand: the broker keeps what devices publish while the hub is away
 * or cannot store it, and forgets a message only when it is committed in the inbox. That is for speed and not for
 * safety: a broker that is killed may lose what it has acknowledged to a device (mosquitto saves once a second at best),
 * so that a device's own outbox repeats an event until the hub has confirmed it, and the inbox knows repeats by their id.
 *
 * What goes to a device is never queued: while the broker is away it is dropped, and whoever sent it sees no answer.
 *
 * Acknowledgements are written here and not by the library, which would take in the next message only after the one
 * before is committed: one commit for each message instead of one for all that came together.
 */
export function createMqttBus(options: MqttBusOptions): DeviceBus {
  const { broker, campus, inbox, log } = options;
  const upFilter = `c/${campus}/d/+/up/#`;
  const upTopic = new RegExp(`^c/${campus}/d/([a-z0-9][a-z0-9-]{0,62})/up/`);
  const presence = createPresenceBook({ clock: options.clock });
  const transientListeners = new Set<(message: TransientMessage) => void>();
  const upListeners = new Set<(up: boolean) => void>();
  let up = false;

  const setUp = (next: boolean): void => {
    if (next === up) return;
    up = next;
    log(next ? 'info' : 'warn', next ? 'the broker is there' : 'the broker is away', { broker: broker.urls });
    for (const listener of upListeners) listener(next);
  };

  const client: MqttClient = connect(broker.urls[0], {
    ...connectOptions(broker),
    clientId: `hub-${options.hubId}`,
    clean: false,
  });
  client.handleMessage = (packet, done) => {
    receive(packet);
    done(new Error('acknowledged when it is stored'));
  };
  client.on('connect', () => {
    sendAtOnce(client.stream);
    client.subscribe(upFilter, { qos: 1 }, (error, granted) => {
      const refused = error ?? (granted?.some(({ qos }) => qos > 2) ? new Error('not allowed') : undefined);
      if (!refused) {
        setUp(true);
        return;
      }
      log('warn', 'the broker does not let the hub hear its devices', { filter: upFilter, why: refused.message });
      client.stream.destroy();
    });
  });
  client.on('close', () => {
    setUp(false);
  });
  client.on('error', (error) => {
    log('warn', 'trouble with the broker', { why: error.message });
  });

  const receive = (packet: IPublishPacket): void => {
    const { stream } = client;
    const acknowledge = (): void => {
      if (packet.qos === 1 && packet.messageId !== undefined) writePuback(stream, packet.messageId);
    };
    const deviceId = upTopic.exec(packet.topic)?.[1];
    // The broker's ACL has looked at it already; one that was set up wrongly must not let a device speak for another.
    if (packet.retain || deviceId === undefined || !mayUseTopic({ campus, deviceId }, 'publish', packet.topic)) {
      if (!packet.retain) log('warn', 'refused a publish', { topic: packet.topic.slice(0, 100) });
      acknowledge();
      return;
    }
    const topic = packet.topic.slice(upPrefix({ campus, deviceId }).length);
    const payload = Buffer.from(packet.payload);
    if (topic === PRESENCE_TOPIC) {
      if (presence.take(deviceId, payload)) sendNow(deviceId, PRESENCE_TOPIC, payload);
      else log('warn', 'not a presence message', { device: deviceId });
      acknowledge();
      return;
    }
    if (TRANSIENT_TOPICS.has(topic)) {
      acknowledge();
      for (const listener of transientListeners) listener({ deviceId, topic, payload });
      return;
    }
    inbox.take({ deviceId, topic, payload }, (error) => {
      // Without an answer the broker hands it over again, but only to a new connection.
      if (error) stream.destroy();
      else acknowledge();
    });
  };

  /** QoS 0: the library would keep anything higher and send it, late, after a reconnect. */
  const sendNow = (deviceId: string, topic: string, payload: Uint8Array, done: () => void = () => undefined): void => {
    if (!up || client.stream.writableLength > MOST_WAITING_BYTES) done();
    else client.publish(`${downPrefix({ campus, deviceId })}${topic}`, Buffer.from(payload), { qos: 0 }, done);
  };

  return {
    start: () => {
      presence.start();
      client.connect();
      return Promise.resolve({ port: portOf(broker.urls[0]) });
    },
    stop: async () => {
      presence.stop();
      await client.endAsync(true);
      setUp(false);
    },
    get up() {
      return up;
    },
    onUp: (listener) => {
      upListeners.add(listener);
      return () => upListeners.delete(listener);
    },
    send: (deviceId, topic, payload) =>
      new Promise((resolve) => {
        sendNow(deviceId, topic, payload, resolve);
      }),
    onTransient: (listener) => {
      transientListeners.add(listener);
      return () => transientListeners.delete(listener);
    },
    connected: () => presence.present(),
    onPresence: (listener) => presence.onChange(listener),
    disconnect: (deviceId) => {
      presence.forget(deviceId);
    },
  };
}

/** PUBACK of MQTT 3.1.1, 3.4. Written to the connection that the message came by: ids mean nothing on another. */
function writePuback(stream: Pick<MqttClient['stream'], 'writable' | 'write'>, messageId: number): void {
  if (stream.writable) stream.write(Buffer.of(0x40, 0x02, messageId >> 8, messageId & 0xff));
}
