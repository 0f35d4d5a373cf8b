export type {
  RelayBoardFaults,
  RelayBoardSimulator,
  RelayBoardSimulatorOptions,
  RelayChange,
  TurnstileArm,
  TurnstileArmOptions,
} from './simulator-types.ts';
