import type { Protocol } from '../../kit/index.ts';
import { mqttProtocol } from '../mqtt-protocol.ts';
import { createTasmotaDriver } from './driver.ts';
import { tasmotaSchema } from './params.ts';

/** Devices that run Tasmota, by its MQTT topics. */
export const tasmotaProtocol: Protocol = mqttProtocol({
  name: 'tasmota',
  params: tasmotaSchema,
  create: createTasmotaDriver,
});
