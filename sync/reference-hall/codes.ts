import { defineCodes } from '../base/index.ts';

export const hallCodes = defineCodes({
  'E-HALL-0101': { zh: '填写内容不符合要求', en: 'The application is not filled in correctly' },
  'E-HALL-0102': { zh: '没有此办件', en: 'There is no such request' },
  'E-HALL-0103': { zh: '办件当前状态不允许此操作', en: 'The request is not in a state that allows this' },
});
