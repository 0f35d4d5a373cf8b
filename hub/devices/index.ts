export { type BusDeviceView, type DeviceEvent, type Devices, createDevices } from './service.ts';
export { type DeviceDetail, type DeviceRegistry, type DeviceView, createRegistry } from './registry/service.ts';
export { type Spans, type StateChange, spansOf } from './registry/availability-rules.ts';
export { type Hardware, type HardwarePlace, createHardware } from './registry/hardware.ts';
export { devicesSchema } from './schema.ts';
export { deviceAdminCodes } from './codes.ts';
export { placed } from './registry/placed.ts';
export { foundByAgent, topicsInUse, watchBroker } from './registry/discovery.ts';
