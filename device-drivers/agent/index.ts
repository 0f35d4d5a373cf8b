export type { AgentHost, AgentHostOptions, DeviceDefinition, HostedDevice } from './types.ts';
export { createAgentHost } from './host.ts';
export { followDevices } from './follow.ts';
export { lineName } from './buses.ts';
export { type ReloadableHost, createReloadableHost } from './reloadable.ts';
export { builtInProtocols } from './protocols.ts';
