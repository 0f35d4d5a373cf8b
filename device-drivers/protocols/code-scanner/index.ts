export { codeScannerProtocol } from './driver.ts';
export { type ScannerSimulator, type ScannerSimulatorOptions, createScannerSimulator } from './simulator.ts';
