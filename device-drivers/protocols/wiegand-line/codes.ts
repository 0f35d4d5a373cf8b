import { defineCodes } from '@hallhub/sync/base';

/** 03xx: what a reader with a serial output printed. */
export const lineReaderCodes = defineCodes({
  'E-CARD-0301': {
    zh: '卡号校验位不符，请重新刷卡',
    en: 'The parity of the card number is wrong; present the card again',
  },
  'E-CARD-0302': {
    zh: '读卡器输出的卡号格式不符',
    en: 'The reader printed a card number of another form than configured',
  },
});
