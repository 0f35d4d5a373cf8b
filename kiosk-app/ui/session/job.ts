import type { PrintJobView } from '@hallhub/hub/api/types';
import type { Text } from '@hallhub/hub/web/kit/i18n.ts';
import type { IconName } from '../kit/icons.ts';

const OVER: ReadonlySet<PrintJobView['state']> = new Set(['printed', 'not-printed', 'uncertain']);

/** The job will not change any more, unless staff decide about it. */
export const isOver = ({ state }: PrintJobView): boolean => OVER.has(state);

/** All sides that will come out. */
export const sidesOf = ({ pages, copies }: PrintJobView): number => pages * copies;

interface Face {
  readonly tone: 'calm' | 'good' | 'bad' | 'wait';
  readonly icon: IconName;
  readonly title: Text;
  readonly text: Text;
}

const PREPARING: Face = {
  tone: 'calm',
  icon: 'print',
  title: { zh: '正在准备打印', en: 'Getting ready to print' },
  text: { zh: '请在此等候，纸张将从出纸口送出。', en: 'Please stay here. The paper comes out below.' },
};
const PRINTING: Face = {
  ...PREPARING,
  title: { zh: '正在打印', en: 'Printing' },
};
const CHECKING: Face = {
  tone: 'wait',
  icon: 'wait',
  title: { zh: '正在核实打印结果', en: 'Checking with the printer' },
  text: {
    zh: '打印机的应答中断了，正在核实，不会重复打印。',
    en: 'The printer’s answer broke off. It is being checked; nothing is printed twice.',
  },
};

const FACES: Readonly<Record<PrintJobView['state'], Face>> = {
  queued: {
    tone: 'wait',
    icon: 'wait',
    title: { zh: '排队等候打印', en: 'Waiting for the printer' },
    text: { zh: '前一份打印完成后自动开始。', en: 'It starts by itself after the one before.' },
  },
  reserved: PREPARING,
  created: PREPARING,
  sending: PRINTING,
  sent: PRINTING,
  searching: CHECKING,
  withdrawing: CHECKING,
  'winding-down': CHECKING,
  printed: {
    tone: 'good',
    icon: 'done',
    title: { zh: '打印完成，请取走证明和证件', en: 'Printed. Take your papers and your card' },
    text: {
      zh: '请确认出纸口没有遗留纸张，读卡区没有遗留证件。',
      en: 'Please make sure that nothing is left in the tray or on the reader.',
    },
  },
  'not-printed': {
    tone: 'bad',
    icon: 'warn',
    title: { zh: '没有打印', en: 'Nothing was printed' },
    text: { zh: '这次不计入可打印份数。', en: 'It does not count against your copies.' },
  },
  uncertain: {
    tone: 'bad',
    icon: 'warn',
    title: { zh: '打印结果待人工确认', en: 'A person must look at this print' },
    text: {
      zh: '打印机没有说明纸张是否全部送出。请查看出纸口；系统会提示工作人员，核实后少打的份数会退还。',
      en: 'The printer did not say whether all sheets came out. Please look at the tray. The staff are being told; copies that did not come out will be given back.',
    },
  },
};

/** The printer waits for somebody: paper, a jam, a cover. */
const waiting = (isAlerted: boolean): Face => ({
  tone: 'wait',
  icon: 'tools',
  title: { zh: '打印机需要处理', en: 'The printer needs a person' },
  text: isAlerted
    ? {
        zh: '系统会提示工作人员，处理后会接着打印；也可以取消这次打印。',
        en: 'The staff are being told; it goes on when they have seen to it. You may also cancel it.',
      }
    : {
        zh: '请告知工作人员，处理后会接着打印；也可以取消这次打印。',
        en: 'Please tell the staff; it goes on when they have seen to it. You may also cancel it.',
      },
});

/** Nobody is told by the system: people at the kiosk are asked to. */
const UNCERTAIN_UNTOLD: Face = {
  ...FACES.uncertain,
  text: {
    zh: '打印机没有说明纸张是否全部送出。请查看出纸口，并告知工作人员；核实后少打的份数会退还。',
    en: 'The printer did not say whether all sheets came out. Please look at the tray and tell the staff; copies that did not come out will be given back.',
  },
};

/** How a job is shown, by what the printer says of it. `isAlerted`: the system tells somebody of troubles. */
export function faceOf(job: PrintJobView, isAlerted: boolean): Face {
  if (!isOver(job) && job.code !== undefined) return waiting(isAlerted);
  return job.state === 'uncertain' && !isAlerted ? UNCERTAIN_UNTOLD : FACES[job.state];
}
