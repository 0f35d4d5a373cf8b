import { defineCodes } from '../base/index.ts';

export const verificationCodes = defineCodes({
  'E-VERIFY-0101': { zh: '这不是 PDF 文件', en: 'This file is no PDF' },
  'E-VERIFY-0102': { zh: '文件太大，无法核验', en: 'The file is too large to be checked' },
  'E-VERIFY-0103': { zh: '文件中的签名过多，无法核验', en: 'The file holds more signatures than are checked' },
  'E-VERIFY-0104': { zh: '验证码格式不正确', en: 'This is not the form of a verification code' },
  'E-VERIFY-0201': { zh: '核验站只接收核验记录', en: 'A verification site takes verification records only' },
  'E-VERIFY-0202': { zh: '核验记录的来源不是该中心', en: 'The record says that it comes from another hub' },
  'E-VERIFY-0203': { zh: '核验记录格式不正确', en: 'This is no verification record' },
  'E-VERIFY-0301': { zh: '核验站的启动参数不正确', en: 'The verification site cannot start like this' },
  'E-VERIFY-0105': { zh: '核验过于频繁，请稍后再试', en: 'Too many checks; please try again later' },
});
