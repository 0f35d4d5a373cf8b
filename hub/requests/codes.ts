import { defineCodes } from '@hallhub/sync/base';

export const requestCodes = defineCodes({
  'E-REQ-0101': { zh: '没有这个办件，或其内容已删除', en: 'There is no such request, or its data has been erased' },
});
