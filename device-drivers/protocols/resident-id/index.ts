export type { ReaderFaults, ReaderSimulator, ReaderSimulatorOptions, SimulatedCard } from './simulator-types.ts';
