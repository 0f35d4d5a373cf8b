import { defineCodes } from '@hallhub/sync/base';

export const brokerCodes = defineCodes({
  'E-DEV-0411': { zh: '消息服务器无法访问，请稍后再试', en: 'The broker cannot be reached; try again later' },
  'E-DEV-0412': { zh: '消息服务器拒绝了账号变更', en: 'The broker refused to change an account' },
});
