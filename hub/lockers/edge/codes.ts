import { defineCodes } from '@hallhub/sync/base';

/** What a cabinet answers when it does not open. */
export const lockerCodes = defineCodes({
  'E-LOCK-0101': { zh: '没有这个柜或格口', en: 'There is no such cabinet or compartment here' },
  'E-LOCK-0102': {
    zh: '取件码或证件不对，或尚未生效、已用过',
    en: 'Nothing is here for this code or card, or it is not yet or no more good',
  },
  'E-LOCK-0103': { zh: '错误次数过多，请稍后再试', en: 'Too many wrong codes: try again later' },
  'E-LOCK-0104': { zh: '没有这种大小的空闲格口', en: 'No compartment of this size is free' },
  'E-LOCK-0105': { zh: '格口正在使用', en: 'Somebody is at this compartment' },
  'E-LOCK-0106': {
    zh: '该格口暂停使用，等待工作人员检查',
    en: 'This compartment is out of use until staff have looked',
  },
  'E-LOCK-0107': { zh: '投递件不在这个柜', en: 'The consignment is not in this cabinet' },
  'E-LOCK-0108': { zh: '操作已过期', en: 'That is over' },
  'E-LOCK-0109': { zh: '格口门未关好', en: 'The door is not shut' },
});
