import { defineCodes } from '@hallhub/sync/base';

/** 01xx: nothing was printed. 02xx: a part or the whole may have come out. */
export const labelCodes = defineCodes({
  'E-LBL-0101': { zh: '没有此标签模板', en: 'There is no label of this name' },
  'E-LBL-0102': { zh: '标签缺少内容', en: 'Something that the label shows was not given' },
  'E-LBL-0103': { zh: '内容放不进标签', en: 'What was given does not fit on the label' },
  'E-LBL-0104': { zh: '标签打印机没有所需字体', en: 'The label printer has no font for this text' },
  'E-LBL-0105': { zh: '标签打印机缺纸', en: 'The label printer is out of labels' },
  'E-LBL-0106': { zh: '标签打印机打印头打开', en: 'The head of the label printer is open' },
  'E-LBL-0107': { zh: '标签打印机缺碳带', en: 'The label printer is out of ribbon' },
  'E-LBL-0108': { zh: '标签打印机已暂停', en: 'The label printer is paused' },
  'E-LBL-0201': { zh: '标签打印中途停止', en: 'The label printer stopped in the middle' },
});
