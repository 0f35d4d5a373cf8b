export type { DeviceBus } from './device-bus.ts';
export { type AedesBusOptions, createAedesBus } from './aedes-bus.ts';
export { type BusEvent, type Inbox, type InboxMessage, busEventSchema, busSchema, createInbox } from './inbox.ts';
export { type BusIdentity, downPrefix, mayUseTopic, upPrefix } from './acl.ts';
