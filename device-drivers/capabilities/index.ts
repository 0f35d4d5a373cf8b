import type { Barrier, PassageSensor } from './barrier.ts';
import type { CardReader } from './card-reader.ts';
import type { PagePrinter } from './page-printer.ts';

export type { CardReader, CardRead, Presented, ResidentCard, ResidentCardLayout } from './card-reader.ts';
export type { Barrier, OpenCommand, Passage, PassageSensor } from './barrier.ts';
export type { PagePrinter, PrinterStatus, JobStatus, JobState, NewJob } from './page-printer.ts';
export { printerProblem } from './printer-problem.ts';

/** What the hub may ask of a kind of device, whichever protocol it speaks. A new kind is a new line here. */
export interface CapabilityMap {
  readonly cardReader: CardReader;
  readonly barrier: Barrier;
  readonly passageSensor: PassageSensor;
  readonly pagePrinter: PagePrinter;
}

export type CapabilityName = keyof CapabilityMap;
