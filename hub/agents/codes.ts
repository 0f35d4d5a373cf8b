import { defineCodes } from '@hallhub/sync/base';

export const agentCodes = defineCodes({
  'E-AGENT-0101': { zh: '该设备不属于此代理', en: 'This agent has no such device' },
  'E-AGENT-0102': { zh: '代理上报的内容无法识别', en: 'An agent reported something that makes no sense' },
  'E-AGENT-0103': { zh: '代理未连接', en: 'The agent is not connected' },
  'E-AGENT-0104': { zh: '代理上报的事件未能处理', en: 'An event of an agent could not be dealt with' },
  'E-AGENT-0105': {
    zh: '指令内容过大，无法发送到代理，未执行',
    en: 'The command is too large to be sent to an agent and was not carried out',
  },
  'E-AGENT-0106': {
    zh: '代理未能从中心取得文件，未执行',
    en: 'The agent could not fetch the document from the hub, and did nothing',
  },
  'E-AGENT-0107': {
    zh: '代理称未取得文件，但文件可能已送达',
    en: 'The agent says that it has no document, but it may have got one',
  },
  'E-AGENT-0201': { zh: '配置中没有此代理', en: 'The configuration names no such agent' },
  'E-AGENT-0202': {
    zh: '登记码无效或已过期，请重新生成',
    en: 'The enrolment code is wrong, used or too old; make a new one',
  },
  'E-AGENT-0203': { zh: '该代理尚未登记', en: 'This agent is not enrolled' },
  'E-AGENT-0204': { zh: '凭证未能送达消息服务器，请重试', en: 'The broker did not take the credentials; try again' },
  'E-AGENT-0206': {
    zh: '错误的登记码过多，请十分钟后再试',
    en: 'Too many wrong enrolment codes; try again in ten minutes',
  },
  'E-AGENT-0301': { zh: '无法连接中心', en: 'The hub cannot be reached' },
  'E-AGENT-0302': {
    zh: '对方出示的证书与登记码不符，可能有人冒充中心',
    en: 'The certificate is not the one that the code names; somebody may be posing as the hub',
  },
  'E-AGENT-0303': { zh: '中心拒绝登记', en: 'The hub refused the enrolment' },
  'E-AGENT-0304': { zh: '本机尚未登记', en: 'This machine is not enrolled yet' },
  'E-AGENT-0305': { zh: '中心已注销此代理', en: 'The hub has withdrawn this agent' },
  'E-AGENT-0306': { zh: '端口号无效', en: 'That is no port' },
});
