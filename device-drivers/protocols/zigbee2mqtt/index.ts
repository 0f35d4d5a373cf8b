export { zigbee2mqttProtocol } from './protocol.ts';
export {
  type Zigbee2mqttFaults,
  type Zigbee2mqttSimulator,
  type Zigbee2mqttSimulatorOptions,
  createZigbee2mqttSimulator,
} from './simulator.ts';
