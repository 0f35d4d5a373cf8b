export { hikvisionAccessProtocol } from './protocol.ts';
export { createAccessTerminalSimulator } from './simulator.ts';
