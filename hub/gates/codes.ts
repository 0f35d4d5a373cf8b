import { defineCodes } from '@hallhub/sync/base';

export const gateCodes = defineCodes({
  'E-GATE-0101': { zh: '未找到通行授权', en: 'No approved visit found' },
  'E-GATE-0102': { zh: '未到通行时间', en: 'Your visit has not begun yet' },
  'E-GATE-0103': { zh: '通行授权已过期', en: 'Your visit has ended' },
  'E-GATE-0104': { zh: '请从授权的门进出', en: 'Please use the gate named in your approval' },
  'E-GATE-0105': { zh: '通行授权已撤销', en: 'Your approval was withdrawn' },
  'E-GATE-0106': { zh: '暂时无法核验，请联系值班人员', en: 'Approvals cannot be checked now; please see the guard' },
  'E-GATE-0107': { zh: '证件已过有效期', en: 'This card has expired' },
  'E-GATE-0108': { zh: '时钟不可信，请联系值班人员', en: 'The gate does not know the time; please see the guard' },
  'E-GATE-0201': { zh: '闸机没有响应，请联系值班人员', en: 'The gate does not answer; please see the guard' },
  'E-GATE-0202': { zh: '没有这个通行记录', en: 'There is no such entry' },
});

/** Why somebody was not let in. */
export type RefusalCode =
  | 'E-GATE-0101'
  | 'E-GATE-0102'
  | 'E-GATE-0103'
  | 'E-GATE-0104'
  | 'E-GATE-0105'
  | 'E-GATE-0106'
  | 'E-GATE-0107'
  | 'E-GATE-0108';
