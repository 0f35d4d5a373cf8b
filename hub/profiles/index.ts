export { profilesSchema } from './schema.ts';
export { profileRoutes } from './routes.ts';
export { type BundleView, type Profiles, type ProfilesView, createProfiles } from './service.ts';
