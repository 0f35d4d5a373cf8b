import type { PrintJobView } from '../../api/types.ts';
import type { Text } from './i18n.ts';

interface Mark {
  readonly tone: 'good' | 'bad' | 'wait' | 'calm';
  readonly text: Text;
}

const CHECKING: Mark = { tone: 'wait', text: { zh: '正在核实', en: 'Checking' } };

const MARKS: Readonly<Record<PrintJobView['state'], Mark>> = {
  queued: { tone: 'wait', text: { zh: '排队中', en: 'Waiting' } },
  reserved: { tone: 'wait', text: { zh: '准备打印', en: 'Preparing' } },
  created: { tone: 'wait', text: { zh: '准备打印', en: 'Preparing' } },
  searching: CHECKING,
  withdrawing: CHECKING,
  'winding-down': CHECKING,
  sending: { tone: 'wait', text: { zh: '正在发送', en: 'Sending' } },
  sent: { tone: 'wait', text: { zh: '正在打印', en: 'Printing' } },
  printed: { tone: 'good', text: { zh: '已打印', en: 'Printed' } },
  'not-printed': { tone: 'calm', text: { zh: '未打印', en: 'Not printed' } },
  uncertain: { tone: 'bad', text: { zh: '待人工确认', en: 'Needs a look' } },
};

/** How the state of a print job is shown, on every page that shows one. */
export const jobMark = (state: PrintJobView['state']): Mark => MARKS[state];
