export { turnstileRs485Protocol } from './driver.ts';
export {
  type TurnstileFaults,
  type TurnstileSimulator,
  type TurnstileSimulatorOptions,
  createTurnstileSimulator,
} from './simulator.ts';
