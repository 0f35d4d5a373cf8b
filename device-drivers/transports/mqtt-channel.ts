import { Socket } from 'node:net';
import type { IPublishPacket } from 'mqtt';
import { connect } from 'mqtt';
import type { Clock, Result } from '@hallhub/sync/base';
import { failure, ok, seconds } from '@hallhub/sync/base';
import type { DeviceLog, MqttChannel, MqttChannelState, MqttMessage } from '../kit/index.ts';
import { createEmitter, isCommandTopic, isTopicFilter, matchesFilter } from '../kit/index.ts';

export interface MqttChannelOptions {
  /** `mqtt://` or `mqtts://`; the nodes of a cluster, tried in turn. */
  readonly urls: readonly [string, ...string[]];
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly ca?: string;
  /**
   * `mosquitto` is spoken to in MQTT 5, whose subscription identifiers say for which filter a message came, so that
   * overlapping filters do not deliver twice. `rabbitmq` (3.10 knows MQTT 3.1.1) delivers once by itself, and keeps retained
   * messages for exact topics and on one node only.
   */
  readonly broker: 'mosquitto' | 'rabbitmq';
  /** A retained message that the broker publishes when this channel goes without a word. */
  readonly will?: { readonly topic: string; readonly payload: string };
  readonly clock: Clock;
  readonly log: DeviceLog;
}

export interface ClosableMqttChannel extends MqttChannel {
  /** Begins to connect. */
  open(): void;
  close(): Promise<void>;
}

interface Subscriber {
  readonly listener: (message: MqttMessage) => void;
  /** Topics whose retained message it has heard on this connection: another subscription to the filter brings them again. */
  readonly caughtUp: Set<string>;
}

interface Subscription {
  readonly identifier: number;
  readonly subscribers: Set<Subscriber>;
}

const RECONNECT_MS = 1_000;
/** A node that has just lost another refuses subscriptions for a while. */
const ASK_AGAIN = seconds(5);

/** {@link MqttChannel} to a broker outside; tries for ever. Nothing that was published while it was down is sent later. */
export function createMqttChannel(options: MqttChannelOptions): ClosableMqttChannel {
  const { urls, log } = options;
  const identifies = options.broker === 'mosquitto';
  const retainsMessages = options.broker === 'mosquitto';
  // RabbitMQ 3.10 keeps the queue of a QoS 1 subscription on one node, and refuses it everywhere while that node is lost.
  const qos = options.broker === 'mosquitto' ? 1 : 0;
  const subscriptions = new Map<string, Subscription>();
  const trouble = (error: unknown): void => {
    log.error({ err: error }, 'a listener of an MQTT channel failed');
  };
  const changes = createEmitter<MqttChannelState>(trouble);
  let lastIdentifier = 0;
  let up = false;

  const client = connect(urls[0], {
    clientId: options.clientId,
    username: options.username,
    password: options.password,
    ...(options.ca !== undefined && { ca: options.ca }),
    ...(urls.length > 1 && { servers: urls.map(serverOf) }),
    protocolVersion: identifies ? 5 : 4,
    clean: true,
    ...(options.will && {
      will: { topic: options.will.topic, payload: Buffer.from(options.will.payload), qos: 1 as const, retain: true },
    }),
    manualConnect: true,
    resubscribe: false,
    queueQoSZero: false,
    keepalive: 15,
    connectTimeout: 10_000,
    reconnectPeriod: RECONNECT_MS,
    reconnectOnConnackError: true,
  });

  const setUp = (next: boolean): void => {
    if (next === up) return;
    up = next;
    changes.emit({ up, retainsMessages });
  };
  const ask = (filter: string, subscription: Subscription, done: () => void): void => {
    const { identifier } = subscription;
    const properties = identifies ? { properties: { subscriptionIdentifier: identifier } } : {};
    client.subscribe(filter, { qos, ...properties }, (error, granted) => {
      const refused = error ?? (granted?.some(({ qos }) => qos > 2) ? new Error('not allowed') : undefined);
      done();
      if (!refused || !client.connected) return;
      log.warn({ filter, why: refused.message }, 'the broker refused a subscription');
      const { stream } = client;
      options.clock.after(ASK_AGAIN, () => {
        const stillWanted = subscriptions.get(filter) === subscription && client.connected && client.stream === stream;
        if (stillWanted) ask(filter, subscription, () => undefined);
      });
    });
  };

  client.on('connect', () => {
    // Small messages leave at once: an order must not wait for the answer to what went before it.
    if ((client.stream as object) instanceof Socket) (client.stream as unknown as Socket).setNoDelay(true);
    let open = subscriptions.size;
    const settle = (): void => {
      if (open === 0 && client.connected) setUp(true);
    };
    for (const [filter, subscription] of subscriptions) {
      for (const { caughtUp } of subscription.subscribers) caughtUp.clear();
      ask(filter, subscription, () => {
        open -= 1;
        settle();
      });
    }
    settle();
  });
  client.on('close', () => {
    setUp(false);
    // The library would send these after the reconnect; by then an order is late and a state is old.
    for (const messageId of Object.keys(client.outgoing)) client.removeOutgoingMessage(Number(messageId));
  });
  client.on('error', (error) => {
    log.warn({ channel: urls[0], why: error.message }, 'trouble with the broker');
  });
  client.on('message', (topic, payload, packet) => {
    for (const subscriber of addressees(topic, packet)) {
      if (packet.retain && subscriber.caughtUp.has(topic)) continue;
      if (packet.retain) subscriber.caughtUp.add(topic);
      try {
        subscriber.listener({ topic, payload, retained: packet.retain });
      } catch (error) {
        trouble(error);
      }
    }
  });

  const addressees = (topic: string, packet: IPublishPacket): readonly Subscriber[] => {
    const named = packet.properties?.subscriptionIdentifier;
    const identifiers = named === undefined ? undefined : new Set(Array.isArray(named) ? named : [named]);
    return [...subscriptions]
      .filter(([filter, { identifier }]) => (identifiers ? identifiers.has(identifier) : matchesFilter(filter, topic)))
      .flatMap(([, { subscribers }]) => [...subscribers]);
  };

  return {
    name: urls[0],
    open: () => {
      client.connect();
    },
    get state() {
      return { up, retainsMessages };
    },
    publish: (topic, payload, { retain = false, lives } = {}) => {
      if (retain && isCommandTopic(topic)) throw new RangeError(`an order is never retained: ${topic}`);
      if (!up) return Promise.resolve(failure('E-DEV-0102', urls[0]));
      return new Promise<Result<void>>((resolve) => {
        const expiry =
          identifies && lives !== undefined
            ? { properties: { messageExpiryInterval: Math.max(1, Math.ceil(lives / 1_000)) } }
            : {};
        client.publish(topic, Buffer.from(payload), { qos: 1, retain, ...expiry }, (error) => {
          if (!error) resolve(ok());
          else resolve(failure(up ? 'E-DEV-0203' : 'E-DEV-0103', error.message));
        });
      });
    },
    subscribe: (filter, listener) => {
      if (!isTopicFilter(filter)) throw new RangeError(`not a topic filter: ${filter}`);
      const subscription = subscriptions.get(filter) ?? { identifier: ++lastIdentifier, subscribers: new Set() };
      const subscriber: Subscriber = { listener, caughtUp: new Set() };
      subscriptions.set(filter, subscription);
      subscription.subscribers.add(subscriber);
      // Also where others listen already: the broker sends its retained messages only in answer to this.
      if (client.connected) ask(filter, subscription, () => undefined);
      return () => {
        if (!subscription.subscribers.delete(subscriber) || subscription.subscribers.size > 0) return;
        subscriptions.delete(filter);
        if (client.connected) client.unsubscribe(filter);
      };
    },
    onState: (listener) => changes.on(listener),
    close: async () => {
      await client.endAsync(true);
      setUp(false);
    },
  };
}

function serverOf(text: string): { host: string; port: number; protocol: 'mqtt' | 'mqtts' } {
  const url = new URL(text);
  const protocol = url.protocol === 'mqtts:' ? 'mqtts' : 'mqtt';
  return { host: url.hostname, port: Number(url.port || (protocol === 'mqtts' ? 8883 : 1883)), protocol };
}
