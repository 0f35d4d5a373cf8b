export {
  type Config,
  type ConfigInput,
  type GateConfig,
  type AgentConfig,
  type AreaConfig,
  type AttendanceConfig,
  type DeviceConfig,
  type KioskConfig,
  type QueueHallConfig,
  type Label,
  configSchema,
} from './schema.ts';
export { type CabinetConfig, type LockersConfig, type PeerConfig, type RunConfig } from './lockers.ts';
export { GATE_PARTS, areaSchema, gateSchema } from './gates.ts';
export { type Environment, loadConfig, checkConfig, isLoopback } from './load.ts';
export { decidingAgent, kioskAgent } from './deciding.ts';
export { parseDuration } from './durations.ts';
export { isNetwork } from './network.ts';
export { configCodes } from './codes.ts';
