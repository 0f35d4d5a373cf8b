export { onbonBxProtocol } from './driver.ts';
export {
  type OnbonFaults,
  type OnbonSimulator,
  type OnbonSimulatorOptions,
  type ShownArea,
  createOnbonSimulator,
} from './simulator.ts';
