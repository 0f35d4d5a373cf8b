export { type MemoryLine, type MemoryLineOptions, createMemoryLine } from './memory.ts';
export { pacedTransport } from './paced.ts';
export { type SerialPortInfo, createSerialTransport, listSerialPorts } from './serial.ts';
export { type TcpTransportOptions, createTcpTransport } from './tcp.ts';
export { type UsbBus, type UsbDeviceLike, createUsbTransport, usbName } from './usb.ts';
export { systemTransports } from './factory.ts';
export { type ClosableMqttChannel, type MqttChannelOptions, createMqttChannel } from './mqtt-channel.ts';
export { type MemoryBroker, type MemoryBrokerOptions, type MqttFault, createMemoryBroker } from './memory-broker.ts';
export { type MqttPeerAccount, mqttPeer } from './mqtt-peer.ts';
