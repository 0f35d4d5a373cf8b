export { type Cabinets } from './cabinets.ts';
export { lockerCodes } from './codes.ts';
export { type LockersAtAgent, lockersAtAgent } from './part.ts';
export { type LockerTerminal, createLockerTerminal } from './terminal.ts';
export { edgeLockerSchema } from './schema.ts';
