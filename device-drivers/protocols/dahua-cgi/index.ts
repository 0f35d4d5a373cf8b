export { dahuaCgiProtocol } from './protocol.ts';
