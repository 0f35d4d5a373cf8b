export { type GateHandlers, type Gates, type GatesDeps, type GatesSummary, createGates } from './service.ts';
export { type EntryView, type GateView } from './views.ts';
export { gatesSchema } from './schema.ts';
export { gateCodes } from './codes.ts';
export { alarmText } from './alarm-text.ts';
export { campusClock } from './calendar.ts';
export { gateTerminalsSchema } from './terminals/index.ts';
