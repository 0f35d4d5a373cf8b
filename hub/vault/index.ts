export { type Vault, createVault } from './vault.ts';
export { maskName, maskNumber } from './mask.ts';
export { vaultCodes } from './codes.ts';
