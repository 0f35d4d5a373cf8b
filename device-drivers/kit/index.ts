export {
  type MqttChannel,
  type MqttChannelState,
  type MqttMessage,
  type PublishOptions,
  isCommandTopic,
} from './mqtt-channel.ts';
export { type MqttDevice, type MqttDeviceOptions, type MqttReport, createMqttDevice } from './mqtt-device.ts';
export { type MqttOrder, type OrderStep, giveMqttOrder } from './mqtt-order.ts';
export type { ConnectMqttPeer, MqttPeer, MqttPeerOptions } from './mqtt-peer.ts';
export { type Installed, type UrlFirmware, type UrlFirmwareOptions, createUrlFirmware } from './url-firmware.ts';
export { covers, isTopicFilter, matchesFilter } from './topic-filter.ts';
export {
  ANSWER_WITHIN,
  type HttpAnswer,
  type HttpDoor,
  type HttpExchange,
  type HttpInbox,
  type HttpReport,
  WAITING_AT_MOST,
  httpDoorSchema,
} from './http-inbox.ts';
export type { HttpCall, HttpClient, HttpReply } from './http-client.ts';
export type { Transport } from './transport.ts';
export type { Framer, Framed, DiscardReason } from './framer.ts';
export { type Command, type Confirmation, type OrderLife, type Receipt, type Veto, isLive } from './command.ts';
export { type Driver, type DeviceHealth, type OperatingState, type Traffic, capability } from './driver.ts';
export { deviceCodes } from './codes.ts';
export { type DeviceLog, silentLog } from './log.ts';
export { brokenOff, interrupted, neverSent } from './interrupted.ts';
export { isByteLine } from './protocol.ts';
export type {
  BusDefinition,
  BusDevice,
  DriverEnvironment,
  HttpListenSettings,
  HttpSettings,
  MemorySettings,
  MqttLineSettings,
  MqttSettings,
  Protocol,
  ProtocolPlace,
  ReconnectPolicy,
  SerialSettings,
  TcpSettings,
  TransportFactory,
  TransportSettings,
  UdpSettings,
  UrlSettings,
  UsbEndpoints,
  UsbSettings,
} from './protocol.ts';
export { type Emitter, type ListenerError, createEmitter, rethrow } from './emitter.ts';
export { type FrameShape, createFrameCutter } from './frame-cutter.ts';
export { type HealthKeeper, createHealth } from './health.ts';
export { type Line, type LineOptions, createLine, reconnectDelay } from './line.ts';
export {
  type DeclaredCodec,
  type DeclaredFrame,
  type DeclaredMessage,
  type FrameDeclaration,
  declaredCodec,
  frameDeclarationSchema,
} from './declared-frame.ts';
export { type LineMember, type SharedLine, type SharedLineOptions, createSharedLine } from './shared-line.ts';
export { withoutEcho } from './echo.ts';
export {
  type Exchange,
  type ExchangeOptions,
  type Reply,
  type Request,
  type Statement,
  createExchange,
} from './exchange.ts';
export { parseParams } from './params.ts';
export { type CommandLedger, createCommandLedger } from './command-ledger.ts';
export { type TextFramerOptions, type TextLine, createTextFramer } from './text-framer.ts';
export { type Listener, type ListenerOptions, createListener } from './listener.ts';
export { type Presentation, present } from './presentation.ts';
export * as layout from './layout.ts';
export { type SoloDevice, soloProtocol } from './solo.ts';
