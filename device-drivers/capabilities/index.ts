import { accessControllerShape } from './access-controller.ts';
import {
  barrierModeShape,
  barrierShape,
  cabinetShape,
  doorContactShape,
  fireInputShape,
  gateAlarmShape,
  passageSensorShape,
} from './barrier.ts';
import { cardReaderShape, codeScannerShape, indicatorShape, keypadShape, tamperShape } from './card-reader.ts';
import type { DurationMs } from '@hallhub/sync/base';
import { type CapabilityOf, type CapabilityShape, TAKES } from './declare.ts';
import { firmwareShape } from './firmware.ts';
import {
  counterDisplayShape,
  faceTerminalShape,
  labelPrinterShape,
  plateReaderShape,
  ratingPadShape,
  speakerShape,
} from './hall.ts';
import { pagePrinterShape } from './page-printer.ts';
import {
  buttonPanelShape,
  climateShape,
  curtainShape,
  meterShape,
  occupancyShape,
  projectorShape,
  switchShape,
} from './room.ts';
import { ticketPrinterShape } from './ticket-printer.ts';

export type {
  AccessController,
  AccessEvent,
  AccessPerson,
  AccessSnapshot,
  EnrolledPerson,
} from './access-controller.ts';
export { LONGEST_PICTURE } from './access-controller.ts';
export type {
  CardRead,
  CardReader,
  CodeScanner,
  Indicator,
  IndicatorCommand,
  Keypad,
  Presented,
  ResidentCard,
  ResidentCardLayout,
  Scan,
  Tamper,
} from './card-reader.ts';
export { credentialKind, credentialText } from './card-reader.ts';
export type {
  Barrier,
  BarrierMode,
  Cabinet,
  DoorContact,
  FireInput,
  GateAlarm,
  OpenCommand,
  Passage,
  PassageSensor,
} from './barrier.ts';
export type { JobState, JobStatus, NewJob, PagePrinter, PrinterStatus } from './page-printer.ts';
export type { ButtonPanel, Climate, Curtain, Meter, Occupancy, Projector, Switch } from './room.ts';
export type { CounterDisplay, FaceTerminal, LabelPrinter, PlateReader, RatingPad, Speaker } from './hall.ts';
export type { Firmware, UpdateCommand, UpdateProgress } from './firmware.ts';
export {
  type PrintTicketCommand,
  type Ticket,
  type TicketBlock,
  type TicketInput,
  type TicketPrinter,
  type TicketPrinterStatus,
  mayHavePrinted,
  ticketSchema,
} from './ticket-printer.ts';
export { type StateJson, type StateShape, type StateValue, stateShapeOf } from './state.ts';
export { printerProblem } from './printer-problem.ts';
export {
  type CallShape,
  type CapabilityOf,
  type CapabilityShape,
  type CommandShape,
  type EventShape,
  listenerName,
} from './declare.ts';

/** What the hub may ask of a kind of device, whichever protocol it speaks. A new kind is a new line here. */
export const capabilityShapes = {
  cardReader: cardReaderShape,
  codeScanner: codeScannerShape,
  keypad: keypadShape,
  indicator: indicatorShape,
  tamper: tamperShape,
  barrier: barrierShape,
  barrierMode: barrierModeShape,
  passageSensor: passageSensorShape,
  doorContact: doorContactShape,
  gateAlarm: gateAlarmShape,
  fireInput: fireInputShape,
  cabinet: cabinetShape,
  plateReader: plateReaderShape,
  faceTerminal: faceTerminalShape,
  accessController: accessControllerShape,
  pagePrinter: pagePrinterShape,
  ticketPrinter: ticketPrinterShape,
  labelPrinter: labelPrinterShape,
  counterDisplay: counterDisplayShape,
  ratingPad: ratingPadShape,
  speaker: speakerShape,
  switch: switchShape,
  curtain: curtainShape,
  projector: projectorShape,
  climate: climateShape,
  occupancy: occupancyShape,
  meter: meterShape,
  buttonPanel: buttonPanelShape,
  firmware: firmwareShape,
} satisfies Readonly<Record<string, CapabilityShape>>;

export type CapabilityName = keyof typeof capabilityShapes;
export type CapabilityMap = { readonly [N in CapabilityName]: CapabilityOf<(typeof capabilityShapes)[N]> };

/** A capability's declaration with its narrow types left out, for code that serves all of them alike. */
export const shapeOf = (name: CapabilityName): CapabilityShape => capabilityShapes[name];

/** The longest that a command may take, once begun. */
export const longestOf = (name: CapabilityName, command: string): DurationMs =>
  shapeOf(name).commands[command]?.takes ?? TAKES;

export const capabilityNames = Object.keys(capabilityShapes) as readonly CapabilityName[];
