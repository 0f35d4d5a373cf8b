export { shellyProtocol } from './protocol.ts';
export {
  type ShellyFaults,
  type ShellySimulator,
  type ShellySimulatorOptions,
  createShellySimulator,
} from './simulator.ts';
