export type {
  BuzzerSignal,
  FileBehaviour,
  OsdpReaderFaults,
  OsdpReaderSimulator,
  OsdpReaderSimulatorOptions,
  OutputChange,
} from './simulator-types.ts';
export { osdpProtocol } from './protocol.ts';
export { createOsdpReaderSimulator } from './simulator.ts';
export { type OsdpBus, type OsdpBusOptions, createOsdpBus } from './bus.ts';
export { type Peripheral, type PeripheralOptions, type PeripheralState, createPeripheral } from './peripheral.ts';
