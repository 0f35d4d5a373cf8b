import { defineCodes } from '@hallhub/sync/base';

export const auditCodes = defineCodes({
  'E-AUDIT-0101': { zh: '审计链不完整', en: 'The audit chain is broken' },
});
