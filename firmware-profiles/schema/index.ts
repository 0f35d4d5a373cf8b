export {
  type Profile,
  type ProfileFile,
  type ProfileCatalogue,
  type Vector,
  profileSchema,
  vectorsSchema,
} from './profile.ts';
export { builtInProfiles, loadProfiles, loadVectors } from './catalogue.ts';
export { profileCodes } from './codes.ts';
