export type { DeviceBus } from './device-bus.ts';
export { type AedesBusOptions, createAedesBus } from './aedes-bus.ts';
export { type BusEvent, type Inbox, type InboxMessage, busEventSchema, busSchema, createInbox } from './inbox.ts';
export { type BusIdentity, downPrefix, mayUseTopic, upPrefix } from './acl.ts';
export { type BrokerAccounts } from './accounts.ts';
export { type Broker, openBroker } from './open.ts';
export { type LateChannel, createLateChannel } from './late-channel.ts';
export { type ExternalBroker } from './external.ts';
export { type MqttBusOptions, createMqttBus } from './mqtt-bus.ts';
export { createMosquittoAccounts } from './mosquitto-accounts.ts';
export { createRabbitmqAccounts } from './rabbitmq-accounts.ts';
export { type TopicRights, deviceRights } from './rights.ts';
export {
  type GuestRights,
  guestMayUseTopic,
  guestRightsSchema,
  guestTopicRights,
  homeAssistantRights,
  shellyRights,
  tasmotaRights,
  vzenithRights,
  zigbee2mqttRights,
} from './guest.ts';
export { HEARTBEAT, type PresenceMessage, PRESENCE_TOPIC, presenceSchema } from './presence.ts';
export { brokerCodes } from './codes.ts';
