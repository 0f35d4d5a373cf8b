export { serialPanelProtocol } from './driver.ts';
export {
  type PanelFaults,
  type PanelForm,
  type PanelOrderSeen,
  type PanelSimulator,
  type PanelSimulatorOptions,
  createPanelSimulator,
} from './simulator.ts';
