import type { Protocol } from '../../kit/index.ts';
import { mqttProtocol } from '../mqtt-protocol.ts';
import { createZigbee2mqttDriver } from './driver.ts';
import { zigbee2mqttSchema } from './params.ts';

/** Zigbee devices behind a Zigbee2MQTT service. */
export const zigbee2mqttProtocol: Protocol = mqttProtocol({
  name: 'zigbee2mqtt',
  params: zigbee2mqttSchema,
  create: createZigbee2mqttDriver,
});
