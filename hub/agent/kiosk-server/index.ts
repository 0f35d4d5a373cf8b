export { createHubClient } from './hub-client.ts';
export { type KioskServer, type Screens, createKioskServer } from './server.ts';
