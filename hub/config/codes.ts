import { defineCodes } from '@hallhub/sync/base';

export const configCodes = defineCodes({
  'E-CONF-0101': { zh: '找不到配置文件', en: 'The configuration file cannot be read' },
  'E-CONF-0102': { zh: '配置文件有误', en: 'The configuration file has mistakes' },
});
