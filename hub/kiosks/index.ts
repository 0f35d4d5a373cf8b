export type { KioskView } from './contract.ts';
export { type SelfService, createSelfService } from './compose.ts';
export { kioskAgents } from './agents.ts';
export { kioskRoutes } from './routes.ts';
export { kioskServiceRoutes } from './service-routes.ts';
export { kioskFleetRoutes } from './fleet-routes.ts';
export { kiosksSummary } from './summary.ts';
export { kioskSchema } from './schema.ts';
export { kioskCodes } from './codes.ts';
