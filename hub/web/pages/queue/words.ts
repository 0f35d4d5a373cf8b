import type {
  CounterState,
  StaffTicketView,
  TicketSource,
  TicketState,
  VisitOutcome,
} from '../../../queue/contract.ts';
import type { Text } from '../../kit/i18n.ts';

interface Mark {
  readonly tone: 'good' | 'bad' | 'wait' | 'calm';
  readonly text: Text;
}

const COUNTER: Readonly<Record<CounterState, Mark>> = {
  closed: { tone: 'calm', text: { zh: '未开放', en: 'Closed' } },
  free: { tone: 'good', text: { zh: '空闲', en: 'Free' } },
  calling: { tone: 'wait', text: { zh: '正在叫号', en: 'Calling' } },
  serving: { tone: 'good', text: { zh: '办理中', en: 'Serving' } },
  break: { tone: 'wait', text: { zh: '暂停', en: 'On a break' } },
};
export const counterMark = (state: CounterState): Mark => COUNTER[state];

const TICKET: Readonly<Record<TicketState, Mark>> = {
  waiting: { tone: 'wait', text: { zh: '等候中', en: 'Waiting' } },
  called: { tone: 'wait', text: { zh: '已叫号', en: 'Called' } },
  serving: { tone: 'good', text: { zh: '办理中', en: 'Being served' } },
  held: { tone: 'calm', text: { zh: '已挂起', en: 'On hold' } },
  parked: { tone: 'calm', text: { zh: '已暂存', en: 'Parked' } },
  finished: { tone: 'good', text: { zh: '已办结', en: 'Finished' } },
  'no-show': { tone: 'bad', text: { zh: '已过号', en: 'Missed' } },
  cancelled: { tone: 'calm', text: { zh: '已取消', en: 'Cancelled' } },
  expired: { tone: 'calm', text: { zh: '已过期', en: 'Expired' } },
};
export const ticketMark = (state: TicketState): Mark => TICKET[state];

const SOURCE: Readonly<Record<TicketSource, Text>> = {
  machine: { zh: '取号机', en: 'Machine' },
  buttons: { zh: '按键取号', en: 'Push buttons' },
  phone: { zh: '手机', en: 'Phone' },
  staff: { zh: '代取', en: 'By staff' },
  appointment: { zh: '预约', en: 'Booked' },
};
export const sourceText = (source: TicketSource): Text => SOURCE[source];

export const OUTCOMES: Readonly<Record<VisitOutcome, Text>> = {
  served: { zh: '已办好', en: 'Done' },
  incomplete: { zh: '材料不齐，未办成', en: 'Not done: something is missing' },
  referred: { zh: '转到别处办理', en: 'Referred elsewhere' },
};

/** The class of everybody without a claim. */
const ORDINARY = 'ordinary';

/** What makes a ticket another than most: shown beside its number, by word. */
export const isSpecial = ({ class: kind, source }: Pick<StaffTicketView, 'class' | 'source'>): boolean =>
  source === 'appointment' || kind !== ORDINARY;
export const specialText = ({ class: kind, classLabel }: StaffTicketView): Text =>
  kind === ORDINARY ? SOURCE.appointment : (classLabel ?? { zh: kind, en: kind });

/** `3:07`, `1:02:45`: how long something has lasted. */
export function lasted(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** `7 min`: whole minutes that have passed. */
export const minutesText = (milliseconds: number): Text => {
  const minutes = Math.max(0, Math.floor(milliseconds / 60_000));
  return { zh: `${minutes} 分`, en: `${minutes} min` };
};
