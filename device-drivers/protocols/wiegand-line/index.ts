export { wiegandLineProtocol } from './driver.ts';
export { type LineReaderSimulator, type LineReaderSimulatorOptions, createLineReaderSimulator } from './simulator.ts';
