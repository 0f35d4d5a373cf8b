import type { AlertView, ChangeView, Ground, ResultView, Status } from '../../../api/types.ts';
import type { Text } from '../../kit/i18n.ts';

interface Mark {
  readonly tone: 'good' | 'bad' | 'wait' | 'calm';
  readonly text: Text;
}

/** From what somebody has to look at to what nobody has to. */
export const STATUS_ORDER = ['out', 'late', 'unknown', 'in', 'leave', 'exempt'] as const satisfies readonly Status[];

const STATUSES: Readonly<Record<Status, Mark>> = {
  in: { tone: 'good', text: { zh: '在寝', en: 'In' } },
  late: { tone: 'wait', text: { zh: '晚归', en: 'Late' } },
  out: { tone: 'bad', text: { zh: '未归', en: 'Out' } },
  unknown: { tone: 'wait', text: { zh: '未知', en: 'Unknown' } },
  leave: { tone: 'calm', text: { zh: '请假', en: 'On leave' } },
  exempt: { tone: 'calm', text: { zh: '免查', en: 'Exempt' } },
};
/** Before the list of a night is made nobody is missing yet: whoever is not in may still come. */
const NOT_IN: Mark = { tone: 'calm', text: { zh: '不在楼内', en: 'Not in' } };
export const statusMark = (status: Status, provisional = false): Mark =>
  provisional && status === 'out' ? NOT_IN : STATUSES[status];

/** What a result rests on; the time is said beside it. */
export const GROUNDS: Readonly<Record<Ground, Text>> = {
  'came-in': { zh: '进楼', en: 'came in' },
  'went-out': { zh: '离楼后未回', en: 'went out and did not come back' },
  'left-later': { zh: '次日清晨离楼，夜间在楼内', en: 'was seen leaving later, so had been in' },
  'came-later': { zh: '深夜才回', en: 'came back in the small hours' },
  contradiction: { zh: '前后记录矛盾，漏记一次通行', en: 'the records contradict each other' },
  unseen: { zh: '其后门常开或设备离线', en: 'a gate stood open or was off line afterwards' },
  unconfirmed: { zh: '已开闸，通过未确认', en: 'let through; passage not confirmed' },
  stale: { zh: '最近一次记录过久', en: 'the last record is too old' },
  never: { zh: '没有进出记录', en: 'never seen at a gate' },
  leave: { zh: '请假中', en: 'on leave' },
  exempt: { zh: '不查寝', en: 'not asked' },
};

export const CAUSES: Readonly<Record<ChangeView['cause'], Text>> = {
  events: { zh: '补传的通行记录', en: 'records that came late' },
  leave: { zh: '请假变更', en: 'a leave' },
  watch: { zh: '设备记录变更', en: 'what the gates did not see' },
  roster: { zh: '名册变更', en: 'the roster' },
  staff: { zh: '人工更改', en: 'changed by staff' },
  'staff-undo': { zh: '撤销人工更改', en: 'change taken back' },
};

/** Why staff say otherwise; the words are in the audit log by their keys. */
export const REASONS: Readonly<Record<string, Text>> = {
  'seen-in-person': { zh: '当面见到', en: 'Seen in person' },
  called: { zh: '电话或视频核实', en: 'Called' },
  'device-fault': { zh: '设备故障', en: 'Device fault' },
  'wrong-card': { zh: '他人代刷', en: 'Somebody else used the card' },
  'leave-on-paper': { zh: '纸质请假', en: 'Leave on paper' },
  duty: { zh: '值班或公务', en: 'On duty' },
};

export const ALERTS: Readonly<Record<AlertView['type'], Text>> = {
  'visitor-late': { zh: '非本楼人员在非探访时段进入', en: 'Somebody from elsewhere came in outside visiting hours' },
  'visitor-stays': {
    zh: '探访时段已过，非本楼人员未离开',
    en: 'Somebody from elsewhere is still in after visiting hours',
  },
  attempt: { zh: '非本楼人员尝试进入', en: 'Somebody from elsewhere tried to come in' },
  unseen: { zh: '长时间没有进出记录', en: 'Not seen for long' },
};

/** `20261120` → `2026-11-20`. */
export const dateText = (date: string): string => `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;

/** Those who have to be looked at first, then by room. */
export const byUrgency = (one: ResultView, other: ResultView): number =>
  STATUS_ORDER.indexOf(one.status) - STATUS_ORDER.indexOf(other.status);
