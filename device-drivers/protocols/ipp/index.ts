export { type IppProtocolOptions, ippOverNetwork, ippProtocol } from './protocol.ts';
export {
  type IppAttribute,
  type IppGroup,
  type IppMessage,
  type IppValue,
  decodeIpp,
  encodeIpp,
  groupTag,
  ippLimits,
  valueTag,
} from './codec.ts';
export { type IppClientOptions, type IppExchangeSeen, ippClient, operation } from './client.ts';
export { type IppPrinterDriver, type IppPrinterOptions, ippPrinterDriver } from './driver.ts';
export {
  type FaultType,
  type PrinterFault,
  type Sheet,
  type SimulatedJob,
  type SimulatedPrinter,
  type SimulatedPrinterOptions,
  simulatedPrinter,
} from './simulator/index.ts';
