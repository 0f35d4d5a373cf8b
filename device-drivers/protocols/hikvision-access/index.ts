export { hikvisionAccessProtocol } from './protocol.ts';
export { type AccessTerminalSimulator, createAccessTerminalSimulator } from './simulator.ts';
