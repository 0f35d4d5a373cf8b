export { type DataDir, openDataDir, secretFile } from './data-dir.ts';
export { type OpenStoreOptions, openStore } from './open.ts';
