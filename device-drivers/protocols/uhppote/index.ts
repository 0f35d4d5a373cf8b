export { uhppoteProtocol } from './protocol.ts';
export { type UhppoteSimulator, type UhppoteSimulatorOptions, createUhppoteSimulator } from './simulator.ts';
