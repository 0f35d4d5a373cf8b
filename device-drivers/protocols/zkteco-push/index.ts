export { zktecoPushProtocol } from './protocol.ts';
export { type PushTerminalSimulator, createPushTerminalSimulator } from './simulator.ts';
