export type {
  RelayBoardFaults,
  RelayBoardSimulator,
  RelayBoardSimulatorOptions,
  RelayChange,
  TurnstileArm,
  TurnstileArmOptions,
} from './simulator-types.ts';
export { modbusRtuProtocol, modbusTcpProtocol } from './protocol.ts';
export { createRelayBoardSimulator } from './simulator.ts';
export { createTurnstileArm } from './turnstile-arm.ts';
export type { BusMember, CallOptions, ModbusBus, WriteRequest } from './bus.ts';
export { type RtuBusOptions, createRtuBus } from './rtu-bus.ts';
export { type TcpBusOptions, createTcpBus } from './tcp-bus.ts';
