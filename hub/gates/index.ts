export {
  type EntryView,
  type GateView,
  type Gates,
  type GatesDeps,
  type GatesSummary,
  createGates,
} from './service.ts';
export { gatesSchema } from './schema.ts';
export { gateCodes } from './codes.ts';
export { localTime } from './local-time.ts';
