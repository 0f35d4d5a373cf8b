import { defineCodes } from '@hallhub/sync/base';

export const vaultCodes = defineCodes({
  'E-VAULT-0101': { zh: '加密数据无法解开', en: 'Sealed data cannot be opened' },
});
