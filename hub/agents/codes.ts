import { defineCodes } from '@hallhub/sync/base';

export const agentCodes = defineCodes({
  'E-AGENT-0101': { zh: '该设备不属于此代理', en: 'This agent has no such device' },
  'E-AGENT-0102': { zh: '代理上报的内容无法识别', en: 'An agent reported something that makes no sense' },
  'E-AGENT-0103': { zh: '代理未连接', en: 'The agent is not connected' },
});
