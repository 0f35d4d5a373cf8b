export {
  type PeerRun,
  type Profile,
  type ProfileFile,
  type ProfileCatalogue,
  type Vector,
  compareVersions,
  isInRange,
  paramsFor,
} from './profile.ts';
export { type SeenOnUsb, profilesOnUsb } from './match.ts';
export { capabilityNames } from './capability-names.ts';
export {
  type ProfileFiles,
  builtInFiles,
  builtInProfiles,
  catalogueOf,
  loadProfiles,
  loadVectors,
  vectorsOf,
} from './catalogue.ts';
export { profileCodes } from './codes.ts';
