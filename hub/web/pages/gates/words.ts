import type { GateView, StandingRow } from '../../../api/types.ts';
import type { Text } from '../../kit/i18n.ts';
import { say } from '../../kit/i18n.ts';

interface Mark {
  readonly tone: 'good' | 'bad' | 'wait' | 'calm';
  readonly text: Text;
}

/** Why a guard admits by hand; the first are the most common. */
export const REASONS = {
  'document-checked': { zh: '已人工核对证件', en: 'Document checked by eye' },
  'host-vouches': { zh: '接待人当面确认', en: 'The host vouches for them' },
  'official-business': { zh: '公务', en: 'Official business' },
  'device-fault': { zh: '设备故障', en: 'The device is at fault' },
  emergency: { zh: '紧急情况', en: 'Emergency' },
} as const satisfies Readonly<Record<string, Text>>;
export type Reason = keyof typeof REASONS;

const STANDINGS: Readonly<Record<GateView['standing'], Mark>> = {
  controlled: { tone: 'good', text: { zh: '验证通行', en: 'Asks everybody' } },
  open: { tone: 'wait', text: { zh: '常开', en: 'Stands open' } },
  closed: { tone: 'calm', text: { zh: '关闭时段', en: 'Closed at this hour' } },
  'lock-down': { tone: 'bad', text: { zh: '封控', en: 'Lock-down' } },
  fire: { tone: 'bad', text: { zh: '消防放开', en: 'Released by fire alarm' } },
};
export const standingMark = (standing: GateView['standing'] | StandingRow['standing']): Mark => STANDINGS[standing];

const ALARMS: Readonly<Partial<Record<string, Text>>> = {
  forced: { zh: '强行闯入', en: 'Forced' },
  tailgating: { zh: '尾随通过', en: 'Tailgating' },
  'wrong-direction': { zh: '逆向通过', en: 'Wrong direction' },
  climbing: { zh: '翻越', en: 'Climbed over' },
  'held-open': { zh: '开门超时', en: 'Held open' },
  fault: { zh: '闸机故障', en: 'Fault of the gate' },
  duress: { zh: '胁迫', en: 'Duress' },
  fire: { zh: '消防报警', en: 'Fire alarm' },
  'not-released': { zh: '消防报警，此门未能放开', en: 'Fire: this gate could not be released' },
  'code-twice': { zh: '同一二维码在两处使用', en: 'One code was used at two gates' },
  overused: { zh: '授权被重复使用', en: 'An approval was used twice' },
  clock: { zh: '时钟异常', en: 'Clock cannot be trusted' },
};
export const alarmText = (alarm: string): string => say(ALARMS[alarm] ?? { zh: alarm, en: alarm });

const METHODS: Readonly<Partial<Record<string, Text>>> = {
  'resident-id': { zh: '居民身份证', en: 'Resident ID card' },
  uid: { zh: '校园卡', en: 'Campus card' },
  bits: { zh: '门禁卡', en: 'Access card' },
  plate: { zh: '车牌', en: 'Plate' },
  face: { zh: '人脸终端', en: 'Face terminal' },
  'campus-code': { zh: '校园码', en: 'Campus code' },
  'visitor-code': { zh: '访客码', en: 'Visitor code' },
  'legacy-code': { zh: '旧版二维码', en: 'Code of the old kind' },
  code: { zh: '二维码', en: 'Code' },
  'typed-passport': { zh: '护照（录入）', en: 'Passport (typed)' },
  'typed-resident-id': { zh: '身份证号（录入）', en: 'ID number (typed)' },
  'looked-up': { zh: '查询后核验', en: 'Looked up' },
};
export const methodText = (method: string | undefined): string =>
  method === undefined ? '' : say(METHODS[method] ?? { zh: method, en: method });

const KINDS: Readonly<Partial<Record<string, Text>>> = {
  'visitor-access': { zh: '访客', en: 'Visitor' },
  'event-access': { zh: '活动预约', en: 'Event' },
  'vehicle-access': { zh: '车辆', en: 'Car' },
  roster: { zh: '师生', en: 'Member' },
};
export const kindText = (kind: string | undefined): string => say(KINDS[kind ?? ''] ?? { zh: '其他', en: 'Other' });

const WEEKDAYS: Text = { zh: '一二三四五六日', en: 'MTWTFSS' };
const minuteText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** One window of a gate's schedule: `工作日 07:00–09:00 常开`. */
export function scheduleText({ weekdays, on, from, until, standing }: GateView['schedule'][number]): string {
  const days = [
    ...(weekdays
      ? [weekdays.map((day) => Array.from(say(WEEKDAYS))[day - 1] ?? '').join(say({ zh: '、', en: ' ' }))]
      : []),
    ...(on ? [say(on === 'workday' ? { zh: '工作日', en: 'working days' } : { zh: '休息日', en: 'days off' })] : []),
  ].join(' ');
  const what = say(standing === 'open' ? { zh: '常开', en: 'open' } : { zh: '关闭', en: 'closed' });
  return [days, `${minuteText(from)}–${minuteText(until)}`, what].filter(Boolean).join(' ');
}

const PARTS: Readonly<Record<GateView['devices'][number]['part'], Text>> = {
  reader: { zh: '读卡器', en: 'card reader' },
  scanner: { zh: '扫码器', en: 'code scanner' },
  plateReader: { zh: '车牌相机', en: 'plate camera' },
  faceTerminal: { zh: '人脸终端', en: 'face terminal' },
  terminal: { zh: '门禁终端', en: 'access terminal' },
  barrier: { zh: '闸机', en: 'barrier' },
  passageSensor: { zh: '通行检测', en: 'passage sensor' },
};
export const partText = (part: GateView['devices'][number]['part']): string => say(PARTS[part]);
