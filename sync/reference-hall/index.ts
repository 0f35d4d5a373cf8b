export { type HubAccount, type HubSeen } from '../hall-server/index.ts';
export { type FaultSettings, type Faults } from './faults.ts';
export { type HallInbox, type ReceivedEvent } from './inbox.ts';
export { type Application, type HallRequest, type HallRequests, type RequestState } from './requests.ts';
export { type ReferenceHall, type ReferenceHallOptions, startReferenceHall } from './start.ts';
export { hallCodes } from './codes.ts';
