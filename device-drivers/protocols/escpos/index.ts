export { type EscposParams } from './params.ts';
export { escposProtocol } from './driver.ts';
export { createTicketPrinterSimulator } from './simulator/index.ts';
export type {
  PaperItem,
  TicketPrinterFaults,
  TicketPrinterSimulator,
  TicketPrinterSimulatorOptions,
} from './simulator/types.ts';
export { type DrawGlyph, type Picture, drawRoll } from './simulator/raster.ts';
