import { defineCodes } from '@hallhub/sync/base';

/** Why somebody was not let in, as the gate's display and voice say it. */
const refusals = {
  'E-GATE-0101': { zh: '未找到通行授权', en: 'No approved visit found' },
  'E-GATE-0102': { zh: '未到通行时间', en: 'Your visit has not begun yet' },
  'E-GATE-0103': { zh: '通行授权已过期', en: 'Your visit has ended' },
  'E-GATE-0104': { zh: '请从授权的门进出', en: 'Please use the gate named in your approval' },
  'E-GATE-0105': { zh: '通行授权已撤销', en: 'Your approval was withdrawn' },
  'E-GATE-0106': { zh: '暂时无法核验，请联系值班人员', en: 'Approvals cannot be checked now; please see the guard' },
  'E-GATE-0107': { zh: '证件已过有效期', en: 'This card has expired' },
  'E-GATE-0108': { zh: '时钟不可信，请联系值班人员', en: 'The gate does not know the time; please see the guard' },
  'E-GATE-0109': { zh: '通行次数已用完', en: 'All entries of this approval are used' },
  'E-GATE-0110': { zh: '请勿重复刷卡进出', en: 'Already passed here; please see the guard' },
  'E-GATE-0111': { zh: '区域人数已满，请稍候', en: 'The area is full; please wait' },
  'E-GATE-0112': { zh: '禁止通行，请联系值班人员', en: 'Not admitted; please see the guard' },
  'E-GATE-0113': { zh: '请联系值班人员', en: 'Please see the guard' },
  'E-GATE-0114': { zh: '不在通行时段', en: 'Not at this hour' },
  'E-GATE-0115': { zh: '方向不符', en: 'This approval opens the other way only' },
  'E-GATE-0116': { zh: '封控中，暂停通行', en: 'Closed for now (lock-down)' },
  'E-GATE-0117': { zh: '请等待另一道门关闭', en: 'Please wait until the other door has closed' },
  'E-GATE-0118': { zh: '尚未开门，请等候负责人', en: 'Not open yet; please wait for the person in charge' },
  'E-GATE-0119': { zh: '请陪同人员刷卡', en: 'Your host must show a card as well' },
  'E-GATE-0120': { zh: '请第二人刷卡', en: 'A second person must show a card' },
  'E-GATE-0121': { zh: '消防联动，门已放开', en: 'Fire alarm: the doors are released' },
  'E-GATE-0122': { zh: '此门当前关闭', en: 'This gate is closed at this hour' },
  'E-GATE-0123': { zh: '本场次人数已满', en: 'This time slot is full' },
  'E-GATE-0124': { zh: '该车位已有车辆在场', en: 'Another car of this permit is inside' },
  'E-GATE-0125': { zh: '此门不支持该凭证', en: 'This gate does not take this kind of credential' },
  'E-GATE-0126': {
    zh: '离线中，此凭证暂不能核验，请联系值班人员',
    en: 'Off line: this approval cannot be counted now; please see the guard',
  },
  'E-GATE-0127': {
    zh: '消防报警，此门未能放开，请走其他出口',
    en: 'Fire alarm: this gate could not be released; use another way out',
  },
  'E-GATE-0128': { zh: '火警信号仍未解除，门保持放开', en: 'The fire alarm still sounds: the doors stay released' },
  'E-GATE-0131': { zh: '无法识别的二维码', en: 'This is not a code for this gate' },
  'E-GATE-0132': { zh: '二维码签名无效', en: 'This code is not genuine' },
  'E-GATE-0133': { zh: '二维码密钥未知', en: 'This code was made with an unknown key' },
  'E-GATE-0134': { zh: '二维码已过期，请刷新', en: 'This code is too old; please refresh it' },
  'E-GATE-0135': { zh: '二维码已使用，请刷新', en: 'This code was used already; please refresh it' },
  'E-GATE-0137': { zh: '车牌识别不清，请稍候', en: 'The plate could not be read with certainty; please wait' },
  'E-GATE-0138': { zh: '补传的历史记录', en: 'An event of the past' },
  'E-GATE-0139': { zh: '门禁终端未放行', en: 'The terminal did not let you in' },
  'E-GATE-0140': { zh: '已过门禁时间，记为晚归', en: 'Late: the building has closed for the night' },
  'E-GATE-0141': { zh: '已过门禁时间，请联系宿管', en: 'Closed for the night; please see the warden' },
} as const;

/** Why somebody was not let in. */
export type RefusalCode = keyof typeof refusals;

export const gateCodes = defineCodes({
  ...refusals,
  'E-GATE-0201': { zh: '闸机没有响应，请联系值班人员', en: 'The gate does not answer; please see the guard' },
  'E-GATE-0202': { zh: '没有这个通行记录', en: 'There is no such entry' },
  'E-GATE-0203': { zh: '没有这个门或区域，或它未在运行', en: 'There is no such gate or area, or it is not running' },
  'E-GATE-0204': { zh: '没有需要解除的状态', en: 'Nothing was ordered there' },
  'E-GATE-0241': {
    zh: '这次操作的结果未知，请查看通行记录后再决定',
    en: 'What became of this order is not known; please look at the entries before giving it again',
  },
  'E-GATE-0242': { zh: '没有这份通行授权', en: 'There is no such approval' },
  'E-GATE-0243': { zh: '操作编号已用于另一次操作', en: 'This key already stands for another order' },
  'E-GATE-0244': { zh: '查询过多，请稍后再试', en: 'Too many are asking; please ask again in a moment' },
});
