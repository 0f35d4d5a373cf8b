export type { ReaderFaults, ReaderSimulator, ReaderSimulatorOptions, SimulatedCard } from './simulator-types.ts';
export { residentIdProtocol } from './driver.ts';
export { createReaderSimulator } from './simulator.ts';
export { decodeCardText } from './card-text.ts';
export { checkCharacter, isCitizenNumber } from './number.ts';
