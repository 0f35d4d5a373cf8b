export {
  type AgentDevice,
  type ClockReading,
  type CommandMessage,
  type Hello,
  LIVE_FOR,
  type LiveMessage,
  PROFILE_BUNDLE,
  PROFILE_KEYS,
  type ProfileKeys,
  agentDeviceSchema,
  agentEventTypes,
  agentKindList,
  clockReading,
  commandBegun,
  commandMessageSchema,
  commandSettled,
  deviceReported,
  eventsShed,
  healthChanged,
  helloAnswerSchema,
  helloSchema,
  hubAskSchema,
  liveMessageSchema,
  logged,
  profileBundleSchema,
  profileKeysSchema,
  topics,
} from './contract.ts';
export { type Connection, type ConnectionOptions, createConnection } from './connection.ts';
export { type CrashLoop, noteStart } from './crash-loop.ts';
export type { FetchBytes } from './fetched-bytes.ts';
export type { FetchImage } from './firmware-image.ts';
export type { StationClock } from './known-times.ts';
export { createHubQuestions } from './hub-questions.ts';
export { issueKeySet } from './key-set.ts';
export type { CreatePart, PartChange, PartContext, StationPart } from './part.ts';
export { type Station, type StationOptions, type StationStatus, createStation } from './station.ts';
export { stationSchema } from './store.ts';
export { decodeMessage, encodeMessage, fromWire, toWire } from './wire.ts';
