export { type Vault, createVault } from './vault.ts';
export { openVault, vaultSchema } from './open.ts';
export { maskName, maskNumber } from './mask.ts';
export { vaultCodes } from './codes.ts';
