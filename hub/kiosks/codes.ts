import { defineCodes } from '@hallhub/sync/base';

export const kioskCodes = defineCodes({
  'E-KIOSK-0101': { zh: '请先刷身份证', en: 'Please hold your ID card to the reader first' },
  'E-KIOSK-0102': { zh: '没有这台自助机', en: 'There is no such kiosk' },
  'E-KIOSK-0103': {
    zh: '此读卡器只能读出证件号码，无法据此办理，请到人工窗口',
    en: 'This reader gives the card’s number alone, which is not enough to know you by; please ask at the counter',
  },
});
