export { firmwareCodes } from './codes.ts';
export { type PlainListener, createPlainListener } from './plain-listener.ts';
export { firmwareRoutes } from './routes.ts';
export { firmwareSchema } from './schema.ts';
export { type FirmwareService, createFirmware } from './service.ts';
