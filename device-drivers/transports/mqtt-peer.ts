import { connect } from 'mqtt';
import type { ConnectMqttPeer } from '../kit/index.ts';

export interface MqttPeerAccount {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly clientId: string;
  readonly ca?: string;
}

/** A simulated device's connection to a real broker, in MQTT 3.1.1 and with a clean session, as such devices do it. */
export const mqttPeer =
  ({ url, ...account }: MqttPeerAccount): ConnectMqttPeer =>
  ({ will, filters, onUp, onMessage }) => {
    const client = connect(url, {
      ...account,
      protocolVersion: 4,
      clean: true,
      manualConnect: true,
      resubscribe: false,
      queueQoSZero: false,
      reconnectPeriod: 500,
      will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: will.retain },
    });
    client.on('connect', () => {
      client.subscribe([...filters], { qos: 0 }, (error) => {
        if (!error && client.connected) onUp();
      });
    });
    // The connection is tried again; what went wrong shows in the state of the driver on the other side.
    client.on('error', () => undefined);
    client.on('message', (topic, payload, { retain }) => {
      onMessage(topic, payload.toString(), retain);
    });
    return {
      open: () => {
        if (client.disconnecting || client.disconnected) client.reconnect();
        else client.connect();
      },
      publish: (topic, payload, options) => {
        if (client.connected) client.publish(topic, payload, { qos: 1, retain: options?.retain === true });
      },
      drop: () => {
        client.options.reconnectPeriod = 0;
        client.stream.destroy();
      },
      close: async () => {
        await client.endAsync();
      },
    };
  };
