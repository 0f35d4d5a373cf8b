export { tasmotaProtocol } from './protocol.ts';
export {
  type TasmotaFaults,
  type TasmotaSimulator,
  type TasmotaSimulatorOptions,
  createTasmotaSimulator,
} from './simulator.ts';
