export { numberBoardProtocol } from './driver.ts';
export {
  type BoardForm,
  type BoardShow,
  type NumberBoardSimulator,
  type NumberBoardSimulatorOptions,
  createNumberBoardSimulator,
} from './simulator.ts';
