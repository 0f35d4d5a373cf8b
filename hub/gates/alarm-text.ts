import type { Config, Label } from '../config/index.ts';
import type { AlarmRow } from './store/alarms.ts';

const TEXTS: Readonly<Record<string, Label>> = {
  forced: { zh: '门被强行打开', en: 'forced open' },
  tailgating: { zh: '尾随通过', en: 'tailgating' },
  'wrong-direction': { zh: '逆向通过', en: 'passage the wrong way' },
  climbing: { zh: '翻越闸机', en: 'somebody climbed over' },
  'held-open': { zh: '门长时间未关', en: 'held open' },
  fault: { zh: '闸机故障', en: 'barrier fault' },
  duress: { zh: '胁迫报警', en: 'duress' },
  fire: { zh: '消防报警', en: 'fire alarm' },
  'not-released': { zh: '消防报警，此门未能放开', en: 'fire alarm: this gate could not be released' },
  'not-shut': {
    zh: '此门应关闭，门禁终端未能锁闭',
    en: 'this gate should be shut, and its terminal still lets people in',
  },
  overused: { zh: '通行授权被超次使用', en: 'an approval was used more often than it allows' },
  'code-twice': { zh: '同一二维码在两处使用', en: 'one code was used at two gates' },
  clock: { zh: '时钟不可信', en: 'clock not trusted' },
};

/** What a group is told of an alarm; nothing in it names a person. Undefined once it is over. */
export function alarmText(
  { gateId, alarm, at, clearedAt }: AlarmRow,
  config: Pick<Config, 'gates' | 'hub'>,
): string | undefined {
  if (clearedAt !== null) return undefined;
  const gate = config.gates.find(({ id }) => id === gateId)?.label.zh ?? gateId;
  const time = new Intl.DateTimeFormat('zh-CN', {
    timeZone: config.hub.timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  }).format(at);
  return `${gate}：${TEXTS[alarm]?.zh ?? alarm}（${time}）`;
}
