import type { CommandView, DeviceView } from '../../../api/types.ts';
import type { Text } from '../../kit/i18n.ts';
import { say } from '../../kit/i18n.ts';

interface Mark {
  readonly tone: 'good' | 'bad' | 'wait' | 'calm';
  readonly text: Text;
}

export const OPERATING: Readonly<Record<DeviceView['health']['state'], Mark>> = {
  starting: { tone: 'wait', text: { zh: '启动中', en: 'Starting' } },
  ready: { tone: 'good', text: { zh: '正常', en: 'Ready' } },
  degraded: { tone: 'wait', text: { zh: '部分可用', en: 'Degraded' } },
  down: { tone: 'bad', text: { zh: '故障', en: 'Down' } },
};

const OUT_OF_SERVICE: Mark = { tone: 'calm', text: { zh: '已停用', en: 'Out of service' } };

/** What people decided comes before how the device is doing: nobody is to be alarmed by one that was taken out. */
export const deviceMark = (device: DeviceView): Mark =>
  device.admin.inService ? OPERATING[device.health.state] : OUT_OF_SERVICE;

const COMMAND: Readonly<Record<CommandView['state'], Mark>> = {
  queued: { tone: 'wait', text: { zh: '等待发送', en: 'Waiting' } },
  sent: { tone: 'wait', text: { zh: '执行中', en: 'Under way' } },
  acknowledged: { tone: 'good', text: { zh: '设备已受理', en: 'Taken by the device' } },
  observed: { tone: 'good', text: { zh: '已确认完成', en: 'Seen done' } },
  unconfirmed: { tone: 'calm', text: { zh: '已发出，无法确认', en: 'Sent, cannot be confirmed' } },
  expired: { tone: 'calm', text: { zh: '已过期，未执行', en: 'Expired, not done' } },
  failed: { tone: 'bad', text: { zh: '未完成', en: 'Failed' } },
  cancelled: { tone: 'calm', text: { zh: '已取消', en: 'Cancelled' } },
};
const UNCERTAIN: Mark = { tone: 'bad', text: { zh: '是否完成未知', en: 'Not known whether done' } };

export const commandMark = ({ state, uncertain }: Pick<CommandView, 'state' | 'uncertain'>): Mark =>
  uncertain ? UNCERTAIN : COMMAND[state];

const CAPABILITY: Readonly<Partial<Record<string, Text>>> = {
  cardReader: { zh: '读卡', en: 'Cards' },
  codeScanner: { zh: '扫码', en: 'Codes' },
  keypad: { zh: '按键', en: 'Keypad' },
  indicator: { zh: '灯与蜂鸣', en: 'Lights and sound' },
  tamper: { zh: '防拆', en: 'Tamper' },
  barrier: { zh: '放行', en: 'Barrier' },
  barrierMode: { zh: '通行模式', en: 'Barrier mode' },
  passageSensor: { zh: '通过检测', en: 'Passage' },
  doorContact: { zh: '门磁', en: 'Door contact' },
  gateAlarm: { zh: '闸机报警', en: 'Gate alarm' },
  fireInput: { zh: '消防信号', en: 'Fire alarm input' },
  cabinet: { zh: '柜门', en: 'Cabinet' },
  plateReader: { zh: '车牌识别', en: 'Plates' },
  faceTerminal: { zh: '人脸终端', en: 'Faces' },
  accessController: { zh: '门禁授权', en: 'Access lists' },
  pagePrinter: { zh: '页面打印', en: 'Pages' },
  ticketPrinter: { zh: '小票打印', en: 'Tickets' },
  labelPrinter: { zh: '标签打印', en: 'Labels' },
  counterDisplay: { zh: '窗口屏', en: 'Counter display' },
  ratingPad: { zh: '评价器', en: 'Rating pad' },
  speaker: { zh: '广播', en: 'Speaker' },
  switch: { zh: '开关', en: 'Switch' },
  curtain: { zh: '窗帘', en: 'Curtain' },
  projector: { zh: '投影', en: 'Projector' },
  climate: { zh: '空调', en: 'Climate' },
  occupancy: { zh: '有人', en: 'Occupancy' },
  meter: { zh: '计量', en: 'Meter' },
  buttonPanel: { zh: '按钮面板', en: 'Buttons' },
  firmware: { zh: '固件', en: 'Firmware' },
};
export const capabilityText = (name: string): string => say(CAPABILITY[name] ?? { zh: name, en: name });

const COMMAND_NAME: Readonly<Partial<Record<string, Text>>> = {
  'barrier.open': { zh: '放行一次', en: 'Open once' },
  'barrierMode.mode': { zh: '切换模式', en: 'Set the mode' },
  'cabinet.unlock': { zh: '打开格口', en: 'Unlock a compartment' },
  'indicator.show': { zh: '亮灯 / 鸣响', en: 'Show and sound' },
  'switch.set': { zh: '开 / 关', en: 'Switch a channel' },
  'curtain.move': { zh: '移动', en: 'Move' },
  'projector.power': { zh: '电源', en: 'Power' },
  'projector.input': { zh: '信号源', en: 'Input' },
  'projector.mute': { zh: '静音 / 黑屏', en: 'Mute' },
  'climate.set': { zh: '设定', en: 'Set' },
  'speaker.say': { zh: '播报', en: 'Say' },
  'speaker.hush': { zh: '停止播报', en: 'Hush' },
  'counterDisplay.show': { zh: '显示', en: 'Show' },
  'ratingPad.ask': { zh: '请求评价', en: 'Ask for a rating' },
  'firmware.cancel': { zh: '取消升级', en: 'Cancel the update' },
};
export const commandText = (capability: string, name: string): string => {
  const text = COMMAND_NAME[`${capability}.${name}`];
  return `${capabilityText(capability)} · ${text ? say(text) : name}`;
};

const FIELD: Readonly<Partial<Record<string, Text>>> = {
  hold: { zh: '保持（毫秒）', en: 'Hold (ms)' },
  direction: { zh: '方向', en: 'Direction' },
  channel: { zh: '通道（从 0 起）', en: 'Channel (from 0)' },
  on: { zh: '打开', en: 'On' },
  pulse: { zh: '自动复位（毫秒）', en: 'Goes back after (ms)' },
  mode: { zh: '模式', en: 'Mode' },
  compartment: { zh: '格口号', en: 'Compartment' },
  celsius: { zh: '温度（℃）', en: 'Temperature (°C)' },
  percentOpen: { zh: '开度（%）', en: 'Open (%)' },
  lasts: { zh: '持续（毫秒）', en: 'Lasts (ms)' },
  text: { zh: '文字', en: 'Text' },
  language: { zh: '语言', en: 'Language' },
  chime: { zh: '提示音', en: 'Chime' },
  input: { zh: '信号源', en: 'Input' },
  light: { zh: '灯光', en: 'Light' },
  sound: { zh: '蜂鸣', en: 'Sound' },
  colour: { zh: '颜色', en: 'Colour' },
  off: { zh: '间歇（毫秒）', en: 'Pause (ms)' },
  times: { zh: '次数', en: 'Times' },
  to: { zh: '目标', en: 'To' },
  lines: { zh: '各行文字', en: 'Lines' },
  counter: { zh: '窗口', en: 'Counter' },
};
export const fieldText = (name: string): string => say(FIELD[name] ?? { zh: name, en: name });

const WORD: Readonly<Partial<Record<string, Text>>> = {
  in: { zh: '进', en: 'in' },
  out: { zh: '出', en: 'out' },
  both: { zh: '双向', en: 'both' },
  controlled: { zh: '受控', en: 'controlled' },
  free: { zh: '常开', en: 'free' },
  closed: { zh: '关闭', en: 'closed' },
  open: { zh: '打开', en: 'open' },
  stop: { zh: '停止', en: 'stop' },
  on: { zh: '开', en: 'on' },
  off: { zh: '关', en: 'off' },
  true: { zh: '开', en: 'on' },
  false: { zh: '关', en: 'off' },
  auto: { zh: '自动', en: 'auto' },
  cool: { zh: '制冷', en: 'cool' },
  heat: { zh: '制热', en: 'heat' },
  dry: { zh: '除湿', en: 'dry' },
  fan: { zh: '送风', en: 'fan' },
  red: { zh: '红', en: 'red' },
  green: { zh: '绿', en: 'green' },
  amber: { zh: '黄', en: 'amber' },
  blue: { zh: '蓝', en: 'blue' },
  white: { zh: '白', en: 'white' },
  zh: { zh: '中文', en: 'Chinese' },
  en: { zh: '英文', en: 'English' },
};
export const wordText = (word: string): string => say(WORD[word] ?? { zh: word, en: word });

/** A recorded value in one line: `通道 2, 开`. */
export function valueText(value: unknown): string {
  if (value === undefined) return '—';
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([key, part]: [string, unknown]) => `${fieldText(key)} ${valueText(part)}`)
      .join(say({ zh: '，', en: ', ' }));
  }
  return wordText(typeof value === 'string' ? value : JSON.stringify(value));
}
export const propertyText = (capability: string, property: string): string => {
  const channel = /^(channel|door|mode)-(.+)$/.exec(property);
  if (!channel) return `${capabilityText(capability)} · ${fieldText(property)}`;
  const [, kind = '', which = ''] = channel;
  const noun = { channel: { zh: '通道', en: 'channel' }, door: { zh: '格口', en: 'door' }, mode: { zh: '', en: '' } }[
    kind
  ];
  return `${capabilityText(capability)} · ${noun ? say(noun) : kind} ${wordText(which)}`;
};
