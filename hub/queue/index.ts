export { queueCodes } from './codes.ts';
export type * from './contract.ts';
export { type HallQueue, createHallQueue } from './compose.ts';
export { queueSchema } from './schema.ts';
export { queueSummary } from './summary.ts';
export { queueWeb } from './web.ts';
