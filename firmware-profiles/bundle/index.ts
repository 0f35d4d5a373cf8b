export { type BundleKeys, type ProfileBundle, createBundle, openBundle, overlaid } from './bundle.ts';
