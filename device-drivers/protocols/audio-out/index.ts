export { type AudioParts, audioOutProtocol, createAudioOutProtocol } from './driver.ts';
export type { Sink } from './ports.ts';
export { type AudioFaults, type AudioSimulator, createAudioSimulator } from './simulator.ts';
