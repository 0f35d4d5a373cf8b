import { type Code, defineCodes } from '@hallhub/sync/base';

/** 01xx: what the reader's status byte SW3 says. 02xx: what we found in the card's data. */
export const cardCodes = defineCodes({
  'E-CARD-0101': { zh: '读卡器报告校验错误', en: 'The reader reports a checksum error' },
  'E-CARD-0102': { zh: '读卡器报告长度错误', en: 'The reader reports a length error' },
  'E-CARD-0103': { zh: '读卡器不支持该命令', en: 'The reader does not know the command' },
  'E-CARD-0104': { zh: '读卡器报告未知错误', en: 'The reader reports an unknown error' },
  'E-CARD-0105': { zh: '证件拒绝读卡器认证', en: 'The card rejects the reader’s security module' },
  'E-CARD-0106': { zh: '读卡器未通过证件认证', en: 'The reader’s security module rejects the card' },
  'E-CARD-0107': { zh: '证件信息验证失败', en: 'The card’s information failed verification' },
  'E-CARD-0108': { zh: '不是有效的居民身份证件', en: 'This is not a resident ID card' },
  'E-CARD-0109': { zh: '读卡失败，请重新放置证件', en: 'Reading failed; hold the card to the reader again' },
  'E-CARD-0110': { zh: '读卡器随机数发生器故障', en: 'The reader’s random-number generator failed' },
  'E-CARD-0111': { zh: '读卡器自检失败', en: 'The reader failed its self-test' },
  'E-CARD-0112': { zh: '读卡器安全模块未授权', en: 'The reader’s security module is not authorised' },
  'E-CARD-0113': { zh: '未找到证件', en: 'No card found' },
  'E-CARD-0114': {
    zh: '选取证件失败，请重新放置证件',
    en: 'The card could not be selected; hold it to the reader again',
  },
  'E-CARD-0115': { zh: '证件无此项内容', en: 'The card has no such content' },
  'E-CARD-0199': { zh: '读卡器返回未定义的状态', en: 'The reader gave a status that is not defined' },
  'E-CARD-0201': { zh: '证件信息格式有误', en: 'The card’s text block is malformed' },
  'E-CARD-0202': { zh: '证件号码校验位不符', en: 'The check digit of the card’s number is wrong' },
  'E-CARD-0203': { zh: '读卡中断，请将证件放稳', en: 'The card was taken away too early; hold it still' },
});

const BY_STATUS: Readonly<Record<number, keyof typeof cardCodes>> = {
  0x10: 'E-CARD-0101',
  0x11: 'E-CARD-0102',
  0x21: 'E-CARD-0103',
  0x24: 'E-CARD-0104',
  0x31: 'E-CARD-0105',
  0x32: 'E-CARD-0106',
  0x33: 'E-CARD-0107',
  0x40: 'E-CARD-0108',
  0x41: 'E-CARD-0109',
  0x47: 'E-CARD-0110',
  0x60: 'E-CARD-0111',
  0x66: 'E-CARD-0112',
  0x80: 'E-CARD-0113',
  0x81: 'E-CARD-0114',
  0x91: 'E-CARD-0115',
};

/** The code of a status byte SW3; undefined for the two that mean success (90, 9F). */
export function statusCode(sw3: number): Code | undefined {
  if (sw3 === 0x90 || sw3 === 0x9f) return undefined;
  return BY_STATUS[sw3] ?? 'E-CARD-0199';
}

/** The reader itself is at fault, whichever card lies on it: an operator's business, not the visitor's. */
export function isReaderFault(code: Code): boolean {
  return READER_FAULTS.has(code);
}

const READER_FAULTS: ReadonlySet<Code> = new Set(['E-CARD-0103', 'E-CARD-0110', 'E-CARD-0111', 'E-CARD-0112']);
