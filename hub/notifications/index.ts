export { notificationCodes } from './codes.ts';
export { createChannels } from './channels/index.ts';
export { notificationsSchema } from './schema.ts';
export { type Notice, type Notifications, createNotifications } from './service.ts';
