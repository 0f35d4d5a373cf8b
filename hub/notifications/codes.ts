import { defineCodes } from '@hallhub/sync/base';

export const notificationCodes = defineCodes({
  'E-NOTE-0101': { zh: '消息服务无法访问', en: 'The messaging service cannot be reached' },
  'E-NOTE-0102': { zh: '消息服务拒绝了该消息', en: 'The messaging service refused the message' },
  'E-NOTE-0103': { zh: '消息服务限制了发送频率', en: 'The messaging service limits how often it is sent to' },
  'E-NOTE-0105': {
    zh: '邮件服务器永久拒收该邮件或收件人',
    en: 'The mail server refuses this message or its recipient for good',
  },
  'E-NOTE-0104': { zh: '消息多次发送失败，已停止', en: 'The message could not be sent, and is not tried any more' },
});
