import type { Readable } from 'node:stream';
import type { MqttChannel, MqttChannelState, MqttMessage } from '@hallhub/device-drivers/kit';
import { createEmitter, isCommandTopic, isTopicFilter, matchesFilter } from '@hallhub/device-drivers/kit';
import type { Cancel, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';

/** What the channel needs of the embedded broker. */
export interface ChannelHost {
  /** Publishes after those before it; the broker drops what overtakes. */
  publish(topic: string, payload: Buffer, retain: boolean): Promise<void>;
  /** Hears every message that the broker passes on, once. */
  onPublished(listener: (message: { readonly topic: string; readonly payload: Buffer }) => void): Cancel;
  /** The retained messages that a filter matches. */
  retained(filter: string): Readable;
  readonly isUp: () => boolean;
  readonly onError: (error: unknown) => void;
}

interface Subscriber {
  readonly filter: string;
  readonly listener: (message: MqttMessage) => void;
}

/** {@link MqttChannel} inside the hub's own broker: no connection, no copy, each message once for each subscription. */
export function createAedesChannel(host: ChannelHost): MqttChannel & { readonly changed: () => void } {
  const subscribers = new Set<Subscriber>();
  const changes = createEmitter<MqttChannelState>(host.onError);
  const state = (): MqttChannelState => ({ up: host.isUp(), retainsMessages: true });

  const hand = ({ listener }: Subscriber, message: MqttMessage): void => {
    try {
      listener(message);
    } catch (error) {
      host.onError(error);
    }
  };
  host.onPublished(({ topic, payload }) => {
    for (const subscriber of subscribers)
      if (matchesFilter(subscriber.filter, topic)) hand(subscriber, { topic, payload, retained: false });
  });

  const catchUp = async (subscriber: Subscriber): Promise<void> => {
    for await (const packet of host.retained(subscriber.filter)) {
      if (!subscribers.has(subscriber)) return;
      const { topic, payload } = packet as { topic: string; payload: Buffer };
      hand(subscriber, { topic, payload, retained: true });
    }
  };

  return {
    name: 'embedded broker',
    get state() {
      return state();
    },
    publish: async (topic, payload, { retain = false } = {}): Promise<Result<void>> => {
      if (retain && isCommandTopic(topic)) throw new RangeError(`an order is never retained: ${topic}`);
      if (!host.isUp()) return failure('E-DEV-0102', 'embedded broker');
      try {
        await host.publish(topic, Buffer.from(payload), retain);
        return ok();
      } catch (error) {
        return failure('E-DEV-0103', error instanceof Error ? error.message : String(error));
      }
    },
    subscribe: (filter, listener) => {
      if (!isTopicFilter(filter)) throw new RangeError(`not a topic filter: ${filter}`);
      const subscriber: Subscriber = { filter, listener };
      subscribers.add(subscriber);
      catchUp(subscriber).catch(host.onError);
      return () => subscribers.delete(subscriber);
    },
    onState: (listener) => changes.on(listener),
    changed: () => {
      changes.emit(state());
    },
  };
}
