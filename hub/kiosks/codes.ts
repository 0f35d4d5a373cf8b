import { defineCodes } from '@hallhub/sync/base';

export const kioskCodes = defineCodes({
  'E-KIOSK-0101': { zh: '请先刷身份证', en: 'Please hold your ID card to the reader first' },
  'E-KIOSK-0102': { zh: '没有这台自助机', en: 'There is no such kiosk' },
});
