export { type BusDeviceView, type DeviceEvent, type DeviceView, type Devices, createDevices } from './service.ts';
export { devicesSchema } from './schema.ts';
export { deviceAdminCodes } from './codes.ts';
