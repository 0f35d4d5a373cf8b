export type {
  RelayBoardFaults,
  RelayBoardSimulator,
  RelayBoardSimulatorOptions,
  RelayChange,
  TurnstileArm,
  TurnstileArmOptions,
} from './simulator-types.ts';
export { modbusRtuProtocol } from './protocol.ts';
export { createRelayBoardSimulator } from './simulator.ts';
export { createTurnstileArm } from './turnstile-arm.ts';
export { type BusMember, type RtuBus, type RtuBusOptions, createRtuBus } from './rtu-bus.ts';
