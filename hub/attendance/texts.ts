import type { EpochMs } from '@hallhub/sync/base';
import type { Label } from '../config/index.ts';
import { isoDate } from './nights.ts';
import type { Counts, Status } from './rules.ts';
import { STATUSES } from './rules.ts';
import type { AlertType } from './store/alerts.ts';

export const STATUS_TEXT: Readonly<Record<Status, Label>> = {
  in: { zh: '在寝', en: 'in' },
  late: { zh: '晚归', en: 'late' },
  out: { zh: '未归', en: 'out' },
  unknown: { zh: '未知', en: 'unknown' },
  leave: { zh: '请假', en: 'on leave' },
  exempt: { zh: '免查', en: 'exempt' },
};

export const ALERT_TEXT: Readonly<Record<AlertType, Label>> = {
  'visitor-late': { zh: '非本楼人员在非探访时段进入', en: 'somebody from elsewhere came in outside visiting hours' },
  'visitor-stays': {
    zh: '探访时段结束，非本楼人员未离开',
    en: 'somebody from elsewhere is still in after visiting hours',
  },
  attempt: { zh: '非本楼人员尝试进入', en: 'somebody from elsewhere tried to come in' },
  unseen: { zh: '住宿学生长时间没有进出记录', en: 'a resident has not been seen for long' },
};

export const countOf = (statuses: Iterable<Status>): Counts => {
  const sum = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<Status, number>;
  for (const status of statuses) sum[status] += 1;
  return sum;
};

/** Whom a list names, for a channel that goes to one person. */
interface Named {
  readonly status: Status;
  readonly name: string;
  readonly room?: string;
}

/** Texts of messages: without a name for groups, with names for one person. */
export interface Message {
  readonly text: string;
  readonly personal: string;
}

const NAMES_MAX = 40;
const names = (people: readonly Named[]): string => {
  const lines = people
    .slice(0, NAMES_MAX)
    .map(({ status, name, room }) => `${STATUS_TEXT[status].zh}：${room === undefined ? '' : `${room} `}${name}`);
  return [...lines, ...(people.length > NAMES_MAX ? [`……共 ${people.length} 人`] : [])].join('\n');
};
const both = (text: string, people: readonly Named[]): Message => ({
  text,
  personal: people.length === 0 ? text : `${text}\n${names(people)}`,
});

/** The list of a night. `named`: those somebody should look at. */
export function digestText(building: Label, night: string, counts: Counts, named: readonly Named[]): Message {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const parts = STATUSES.filter((status) => counts[status] > 0).map(
    (status) => `${STATUS_TEXT[status].zh} ${counts[status]}`,
  );
  return both(`${building.zh} ${isoDate(night)} 归寝：应到 ${total}，${parts.join('，')}。请核对后确认。`, named);
}

/** What has become of a list that was out already. */
export function correctionText(
  building: Label,
  night: string,
  changes: readonly { readonly before: Status; readonly after: Status; readonly name: string }[],
): Message {
  const text = `${building.zh} ${isoDate(night)} 归寝更正：${changes.length} 人的结果有变化，以系统为准。`;
  const lines = changes
    .slice(0, NAMES_MAX)
    .map(({ before, after, name }) => `${name}：${STATUS_TEXT[before].zh} → ${STATUS_TEXT[after].zh}`);
  return { text, personal: [text, ...lines].join('\n') };
}

export function alertText(
  building: Label,
  type: AlertType,
  { at, name, timeZone }: { readonly at: EpochMs; readonly name: string; readonly timeZone: string },
): Message {
  const time = new Intl.DateTimeFormat('zh-CN', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(at);
  const text = `${building.zh}：${ALERT_TEXT[type].zh}（${time}）`;
  return { text, personal: name === '' ? text : `${text}\n${name}` };
}
