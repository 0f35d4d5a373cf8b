export { type AudioParts, audioOutProtocol, createAudioOutProtocol } from './driver.ts';
export type { Sink, Synthesis, VoicePack } from './ports.ts';
export { type AudioFaults, type AudioSimulator, createAudioSimulator } from './simulator.ts';
