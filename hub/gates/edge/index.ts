export { edgeConfigSchema } from './config-store.ts';
export { gatesPart } from './station-part.ts';
export { gateEventTypes, gateKinds } from './wire.ts';
