export { type Desk, type DeskDeps, createDesk } from './service.ts';
export { gateDeskSchema } from './schema.ts';
export { deskRoutes } from './routes.ts';
