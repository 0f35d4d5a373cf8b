export { type KioskView, type Kiosks, createKiosks } from './service.ts';
export { kioskRoutes } from './routes.ts';
export { kioskCodes } from './codes.ts';
