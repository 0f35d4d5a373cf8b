import { type Cancel, type Failure, failure, ok } from '@hallhub/sync/base';
import { type MqttChannel, type MqttLineSettings, type Transport, createEmitter, rethrow } from '../kit/index.ts';

/**
 * A serial line behind a transparent MQTT gateway. It is down when the broker is; whether the gateway itself is there only
 * its device can show, by answering. Retained messages are bytes of the past and are not heard.
 */
export function createMqttLine({ send, receive }: Omit<MqttLineSettings, 'kind'>, channel: MqttChannel): Transport {
  const name = `${channel.name} ${send}`;
  const data = createEmitter<Uint8Array>(rethrow);
  const down = createEmitter<Failure>(rethrow);
  let undo: readonly Cancel[] | undefined;

  const shut = (): void => {
    for (const cancel of undo ?? []) cancel();
    undo = undefined;
  };
  return {
    name,
    open: () => {
      if (undo) return Promise.resolve(ok());
      if (!channel.state.up) return Promise.resolve(failure('E-DEV-0101', `${name}: the broker cannot be reached`));
      undo = [
        channel.subscribe(receive, ({ payload, retained }) => {
          if (!retained && payload.length > 0) data.emit(payload);
        }),
        channel.onState(({ up }) => {
          if (up || !undo) return;
          shut();
          down.emit({ code: 'E-DEV-0103', detail: `${name}: the broker is gone` });
        }),
      ];
      return Promise.resolve(ok());
    },
    write: (bytes) => (undo ? channel.publish(send, bytes.slice()) : Promise.resolve(failure('E-DEV-0102', name))),
    close: () => {
      shut();
      return Promise.resolve();
    },
    onData: data.on,
    onDown: down.on,
  };
}
