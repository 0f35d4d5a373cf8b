export { type MemoryLine, type MemoryLineOptions, createMemoryLine } from './memory.ts';
export { pacedTransport } from './paced.ts';
export { createSerialTransport } from './serial.ts';
export { type SerialPortInfo, listSerialPorts } from './serial-ports.ts';
export { type UsbDeviceInfo, listUsbDevices } from './usb-devices.ts';
export { type TcpTransportOptions, createTcpTransport } from './tcp.ts';
export { type UsbBus, type UsbDeviceLike, createUsbTransport, usbName } from './usb.ts';
export { systemTransports } from './factory.ts';
export { createUdpTransport } from './udp.ts';
export { type HttpTransportOptions, createHttpTransport } from './http.ts';
export {
  type DeviceReply,
  type DeviceRequest,
  type DeviceWeb,
  type MemoryWeb,
  type WebFault,
  createMemoryWeb,
} from './memory-web.ts';
export { httpClient } from './http-client.ts';
export { type HttpInboxesOptions, type HttpInboxLimits, createHttpInboxes } from './http-inbox.ts';
export { createMqttLine } from './mqtt-line.ts';
export { type ClosableMqttChannel, type MqttChannelOptions, createMqttChannel } from './mqtt-channel.ts';
export { type MemoryBroker, type MemoryBrokerOptions, type MqttFault, createMemoryBroker } from './memory-broker.ts';
export { type MqttPeerAccount, mqttPeer } from './mqtt-peer.ts';
export { realPortPath } from './real-port-path.ts';
