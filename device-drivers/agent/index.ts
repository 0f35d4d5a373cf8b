export type {
  AgentHost,
  AgentHostOptions,
  AssignableHost,
  Assignment,
  DeviceDefinition,
  HostedDevice,
  KnownProtocol,
} from './types.ts';
export { createAgentHost } from './host.ts';
export type { FirmwareMemory } from './firmware-watch.ts';
export { followDevices } from './follow.ts';
export { lineName } from './buses.ts';
export { builtInProtocols, loadBuiltInProtocols } from './protocols.ts';
