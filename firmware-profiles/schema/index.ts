export {
  type Profile,
  type ProfileFile,
  type ProfileCatalogue,
  type Vector,
  profileSchema,
  vectorsSchema,
} from './profile.ts';
export { profileCodes } from './codes.ts';
