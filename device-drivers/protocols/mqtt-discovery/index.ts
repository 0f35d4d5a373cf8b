export { type DiscoveredDevice, type MqttDiscovery, discoverMqttDevices } from './discovery.ts';
