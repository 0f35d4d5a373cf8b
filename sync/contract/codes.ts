import { defineCodes } from '../base/index.ts';

/** What can go wrong between two ends of the mechanism; used by replica, outbox and the adapters. */
export const syncCodes = defineCodes({
  'E-SYNC-0101': { zh: '无法连接网上办事大厅', en: 'The hall cannot be reached' },
  'E-SYNC-0102': { zh: '网上办事大厅未在规定时间内答复', en: 'The hall did not answer in time' },
  'E-SYNC-0103': { zh: '网上办事大厅暂时无法处理', en: 'The hall cannot serve at the moment' },
  'E-SYNC-0104': {
    zh: '网上办事大厅返回了无法识别的内容',
    en: 'The hall answered with something that is not the contract',
  },
  'E-SYNC-0105': { zh: '网上办事大厅的返回超出大小限制', en: "The hall's answer is larger than the limit" },
  'E-SYNC-0106': {
    zh: '网上办事大厅的数据签名无效，已拒绝接收',
    en: "The signature over the hall's answer is missing or wrong; it was not used",
  },
  'E-SYNC-0107': { zh: '网上办事大厅拒绝了本机的访问凭证', en: "The hall refused this hub's token" },
  'E-SYNC-0108': {
    zh: '另一台中心已接替本机（序号更高），本机停止同步',
    en: 'A hub with a higher epoch has taken over; this one stopped synchronising',
  },
  'E-SYNC-0109': { zh: '同步位置已过期，正在重新全量同步', en: 'The cursor is too old; a full image is being loaded' },
  'E-SYNC-0110': { zh: '网上办事大厅拒绝了请求', en: 'The hall refused the request as wrong' },
  'E-SYNC-0201': { zh: '不支持的办件类型', en: 'A request kind that this program does not know' },
  'E-SYNC-0202': { zh: '办件数据版本过新，请升级程序', en: 'A schema version newer than this program; update it' },
  'E-SYNC-0203': { zh: '办件数据不符合规范', en: 'The data of this change is not what its kind prescribes' },
  'E-SYNC-0204': { zh: '办件无法落库', en: 'This change could not be applied' },
  'E-SYNC-0301': { zh: '网上办事大厅拒收此条结果', en: 'The hall rejected this event' },
  'E-SYNC-0401': {
    zh: '本机同步程序出错，稍后自动重试',
    en: 'A local fault stopped the synchronisation; it will try again',
  },
});
