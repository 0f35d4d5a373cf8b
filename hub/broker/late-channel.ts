import type { MqttChannel, MqttChannelState, MqttMessage } from '@hallhub/device-drivers/kit';
import { createEmitter } from '@hallhub/device-drivers/kit';
import type { Cancel } from '@hallhub/sync/base';
import { failure } from '@hallhub/sync/base';

/** A channel that is handed out before its broker is there. Until then it is one whose broker is away. */
export interface LateChannel extends MqttChannel {
  /** @throws {TypeError} when it has a broker. */
  attach(channel: MqttChannel): void;
}

export function createLateChannel(onListenerError: (error: unknown) => void): LateChannel {
  const changed = createEmitter<MqttChannelState>(onListenerError);
  const waiting = new Map<object, () => void>();
  let inner: MqttChannel | undefined;

  return {
    get name() {
      return inner?.name ?? 'broker';
    },
    get state() {
      return inner?.state ?? { up: false, retainsMessages: false };
    },
    publish: (topic, payload, options) =>
      inner?.publish(topic, payload, options) ?? Promise.resolve(failure('E-DEV-0102', 'broker')),
    subscribe: (filter, listener: (message: MqttMessage) => void) => {
      if (inner) return inner.subscribe(filter, listener);
      const key = {};
      let cancel: Cancel = () => waiting.delete(key);
      waiting.set(key, () => {
        if (inner) cancel = inner.subscribe(filter, listener);
      });
      return () => {
        cancel();
      };
    },
    onState: changed.on,
    attach: (channel) => {
      if (inner) throw new TypeError('the channel has a broker');
      inner = channel;
      inner.onState(changed.emit);
      for (const subscribe of waiting.values()) subscribe();
      waiting.clear();
      if (channel.state.up) changed.emit(channel.state);
    },
  };
}
