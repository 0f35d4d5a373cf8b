export { type TerminalView, type Terminals, createTerminals } from './service.ts';
export { gateTerminalsSchema } from './schema.ts';
