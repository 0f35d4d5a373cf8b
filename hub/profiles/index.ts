export { profilesSchema } from './schema.ts';
export { profileRoutes } from './routes.ts';
export { sightOf } from './rules.ts';
export { type Profiles, createProfiles } from './service.ts';
export type { BundleView, ProfileView, ProfilesView } from './view.ts';
