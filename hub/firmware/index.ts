export { firmwareCodes } from './codes.ts';
export { firmwareRoutes } from './routes.ts';
export { firmwareSchema } from './schema.ts';
export { type FirmwareService, createFirmware } from './service.ts';
