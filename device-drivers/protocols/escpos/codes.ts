import { defineCodes } from '@hallhub/sync/base';

/** 01xx: nothing was printed. 02xx: a part or the whole may have come out. */
export const ticketCodes = defineCodes({
  'E-TKT-0101': { zh: '小票打印机缺纸', en: 'The ticket printer is out of paper' },
  'E-TKT-0102': { zh: '小票打印机上盖打开', en: 'The cover of the ticket printer is open' },
  'E-TKT-0103': { zh: '小票打印机故障', en: 'The ticket printer reports an error' },
  'E-TKT-0104': { zh: '小票打印机脱机', en: 'The ticket printer is offline' },
  'E-TKT-0105': { zh: '小票纸即将用完', en: 'The ticket printer is low on paper' },
  'E-TKT-0106': { zh: '该小票无法在此打印机上打印', en: 'This printer cannot print this ticket' },
  'E-TKT-0201': { zh: '打印中途缺纸', en: 'The paper ran out in the middle of the ticket' },
  'E-TKT-0202': { zh: '打印中途上盖被打开', en: 'The cover was opened in the middle of the ticket' },
  'E-TKT-0203': { zh: '打印中途打印机故障', en: 'The printer failed in the middle of the ticket' },
  'E-TKT-0204': { zh: '打印中途打印机脱机', en: 'The printer went offline in the middle of the ticket' },
  'E-TKT-0205': { zh: '打印中途连接中断', en: 'The line broke in the middle of the ticket' },
  'E-TKT-0206': { zh: '打印机未确认打印完成', en: 'The printer did not confirm that the ticket came out' },
  'E-TKT-0207': { zh: '打印机停止接收数据', en: 'The printer stopped taking data' },
});
