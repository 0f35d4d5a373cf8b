import { defineCodes } from '@hallhub/sync/base';

/** What the queue answers when it does not do what it is asked. */
export const queueCodes = defineCodes({
  'E-QUEUE-0101': { zh: '没有这个大厅', en: 'There is no such hall' },
  'E-QUEUE-0102': { zh: '没有这项业务', en: 'There is no such service' },
  'E-QUEUE-0103': { zh: '现在不在取号时间内', en: 'No tickets are given at this hour' },
  'E-QUEUE-0104': { zh: '今天不办公', en: 'The hall is closed today' },
  'E-QUEUE-0105': { zh: '今天的号已经取完', en: 'The tickets of today are gone' },
  'E-QUEUE-0106': { zh: '您已经有一个未办结的号', en: 'You have a ticket for this service already' },
  'E-QUEUE-0107': { zh: '没有这个预约', en: 'There is no such appointment' },
  'E-QUEUE-0108': { zh: '还没到预约的签到时间', en: 'It is too early to check in for this appointment' },
  'E-QUEUE-0109': { zh: '预约已过时', en: 'This appointment is over' },
  'E-QUEUE-0110': {
    zh: '爽约次数过多，暂时不能用预约取号',
    en: 'Appointments were missed too often: they give no ticket for now',
  },
  'E-QUEUE-0111': { zh: '门口二维码已失效，请重新扫码', en: 'The code at the door has changed: scan it again' },
  'E-QUEUE-0112': { zh: '号码已用完，请找工作人员', en: 'All numbers are in use: ask the staff' },
  'E-QUEUE-0113': { zh: '没有这种优先类别', en: 'There is no such class of visitors' },
  'E-QUEUE-0114': { zh: '操作太频繁，请稍后再试', en: 'Too many attempts: try again later' },
  'E-QUEUE-0115': { zh: '统计的时间范围太长', en: 'This is too long a time for one report' },
  'E-QUEUE-0201': { zh: '没有这个窗口', en: 'There is no such counter' },
  'E-QUEUE-0202': { zh: '另一处正在使用这个窗口', en: 'Another session works at this counter' },
  'E-QUEUE-0203': { zh: '这个窗口已被别处接管', en: 'Another session has taken this counter over' },
  'E-QUEUE-0204': { zh: '现在没有可叫的号', en: 'Nobody is waiting whom this counter can call' },
  'E-QUEUE-0205': { zh: '请先结束当前的号', en: 'Finish with the present ticket first' },
  'E-QUEUE-0206': { zh: '窗口没有当前的号', en: 'No ticket is at this counter' },
  'E-QUEUE-0207': { zh: '这个号现在不能这样操作', en: 'This cannot be done with this ticket now' },
  'E-QUEUE-0208': { zh: '没有这个号', en: 'There is no such ticket' },
  'E-QUEUE-0209': { zh: '过号太久，不能再叫', en: 'This ticket was missed too long ago to be called again' },
  'E-QUEUE-0210': { zh: '窗口没有在工作', en: 'This counter is not at work' },
  'E-QUEUE-0211': { zh: '请写明原因', en: 'A reason is needed' },
});
