export { type GateHandlers, type Gates, type GatesDeps, type GatesSummary, createGates } from './service.ts';
export { type EntryView, type GateView } from './views.ts';
export { gatesSchema } from './schema.ts';
export { gateCodes } from './codes.ts';
export { type Curfew, nightMinute, nightRule } from './curfew.ts';
export type { Sighting, Span } from './store/sightings.ts';
export type { Direction } from './pass.ts';
export { memberIdentity } from './project.ts';
export { gateTerminalsSchema } from './terminals/index.ts';
