export { type Vault, createVault, keyedMatch } from './vault.ts';
export { openVault, vaultSchema } from './open.ts';
export { maskName, maskNumber } from './mask.ts';
export { vaultCodes } from './codes.ts';
