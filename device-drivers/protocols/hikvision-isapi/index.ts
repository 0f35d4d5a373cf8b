export { hikvisionIsapiProtocol } from './protocol.ts';
