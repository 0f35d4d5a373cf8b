import { defineCodes } from '@hallhub/sync/base';

export const printerCodes = defineCodes({
  'E-PRN-0101': { zh: '无法连接打印机', en: 'The printer cannot be reached' },
  'E-PRN-0102': { zh: '打印机正忙', en: 'The printer is busy' },
  'E-PRN-0103': { zh: '打印机中没有该任务', en: 'The printer does not know the job' },
  'E-PRN-0104': { zh: '打印机拒绝该任务', en: 'The printer refused' },
  'E-PRN-0105': { zh: '打印机应答有误', en: 'The printer gave an answer that makes no sense' },
  'E-PRN-0106': { zh: '文件传送到打印机时中断', en: 'The upload to the printer broke off' },
  'E-PRN-0201': { zh: '打印机缺纸', en: 'The printer is out of paper' },
  'E-PRN-0202': { zh: '打印机卡纸', en: 'Paper is jammed' },
  'E-PRN-0203': { zh: '打印机墨粉用尽', en: 'The toner is used up' },
  'E-PRN-0204': { zh: '打印机盖门未关', en: 'A cover of the printer is open' },
  'E-PRN-0205': { zh: '打印机出纸盘已满或缺失', en: 'The output tray is full or missing' },
  'E-PRN-0206': { zh: '打印机已暂停或脱机', en: 'The printer is paused or off line' },
  'E-PRN-0207': { zh: '打印机暂不接受任务', en: 'The printer accepts no jobs now' },
  'E-PRN-0208': { zh: '打印机未装入 A4 纸', en: 'No A4 paper is loaded' },
});
