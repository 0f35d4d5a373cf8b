import type { Protocol } from '../../kit/index.ts';
import { mqttProtocol } from '../mqtt-protocol.ts';
import { createShellyDriver } from './driver.ts';
import { shellySchema } from './params.ts';

/** Shelly devices of generation 2 and later, by their RPC over MQTT. */
export const shellyProtocol: Protocol = mqttProtocol({
  name: 'shelly',
  params: shellySchema,
  create: createShellyDriver,
});
