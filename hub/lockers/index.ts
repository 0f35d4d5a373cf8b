export { custodyCodes } from './codes.ts';
export { type Lockers, createLockers } from './compose.ts';
export type * from './contract.ts';
export { lockersSchema } from './schema.ts';
export { lockersSummary } from './summary.ts';
export { lockersWeb } from './web.ts';
