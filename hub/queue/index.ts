export { queueCodes } from './codes.ts';
export type * from './contract.ts';
