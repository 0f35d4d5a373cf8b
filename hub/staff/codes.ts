import { defineCodes } from '@hallhub/sync/base';

export const staffCodes = defineCodes({
  'E-STAFF-0101': { zh: '账号或密码不正确', en: 'The login or the password is wrong' },
  'E-STAFF-0102': { zh: '尝试次数过多，请稍后再试', en: 'Too many attempts; try again later' },
  'E-STAFF-0103': { zh: '请先登录', en: 'Please log in' },
  'E-STAFF-0104': { zh: '没有此项权限', en: 'You may not do this' },
  'E-STAFF-0105': { zh: '链接已失效', en: 'This link has been used or has expired' },
  'E-STAFF-0106': { zh: '账号名已被使用', en: 'This login is taken' },
  'E-STAFF-0107': { zh: '密码太短，至少 12 个字符', en: 'The password is too short: 12 characters at least' },
  'E-STAFF-0108': { zh: '没有这个账号', en: 'There is no such account' },
  'E-STAFF-0109': { zh: '至少要保留一名管理员', en: 'The last operator cannot be removed' },
});
