import { defineCodes } from '@hallhub/sync/base';

export const vaultCodes = defineCodes({
  'E-VAULT-0102': {
    zh: '密钥文件缺失或与数据库不符',
    en: 'The key file is missing or does not belong to this database',
  },
  'E-VAULT-0101': { zh: '加密数据无法解开', en: 'Sealed data cannot be opened' },
});
