export type { AgentHost, AgentHostOptions, DeviceDefinition, HostedDevice } from './types.ts';
