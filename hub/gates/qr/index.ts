export type { LegacyCodes } from './legacy-code.ts';
export { createCodeReader } from './reader.ts';
export { gateCodeSchema } from './schema.ts';
export { createVisitorCodeIssuer, visitorCodeSubject } from './visitor-code.ts';
export { fromBase45, toBase45 } from './base45.ts';
