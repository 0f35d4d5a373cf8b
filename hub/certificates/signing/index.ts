export type { SigningKey, TimestampAuthority } from './cms.ts';
export { type DocumentSigner, type SignatureLevel, createSigner } from './sign.ts';
export { type SignerSource, configuredSigner, keptOpen } from './source.ts';
