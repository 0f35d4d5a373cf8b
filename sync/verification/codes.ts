import { defineCodes } from '../base/index.ts';

export const verificationCodes = defineCodes({
  'E-VERIFY-0101': { zh: '这不是 PDF 文件', en: 'This file is no PDF' },
  'E-VERIFY-0102': { zh: '文件太大，无法核验', en: 'The file is too large to be checked' },
  'E-VERIFY-0103': { zh: '文件中的签名过多，无法核验', en: 'The file holds more signatures than are checked' },
  'E-VERIFY-0104': { zh: '验证码格式不正确', en: 'This is not the form of a verification code' },
  'E-VERIFY-0105': { zh: '核验过于频繁，请稍后再试', en: 'Too many checks; please try again later' },
});
