import { defineCodes } from '@hallhub/sync/base';

export const scannerCodes = defineCodes({
  'E-SCAN-0101': { zh: '条码内容过长', en: 'The code is longer than this place accepts' },
  'E-SCAN-0102': { zh: '条码内容不是文本', en: 'The code does not hold text' },
});
