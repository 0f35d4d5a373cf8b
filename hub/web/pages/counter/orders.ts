import type { CounterView, HallView, StaffTicketView, TransferPlace, VisitOutcome } from '../../../queue/contract.ts';
import type { Text } from '../../kit/i18n.ts';
import { OUTCOMES } from '../queue/words.ts';

/*
 * What can be done at a counter, when, and what is asked before it is ordered. Pure: the page draws it and sends the orders.
 */

export type OrderName =
  | 'next'
  | 'recall'
  | 'begin'
  | 'finish'
  | 'no-show'
  | 'hold'
  | 'park'
  | 'transfer'
  | 'service'
  | 'resume'
  | 'call'
  | 'class'
  | 'break'
  | 'back'
  | 'close';

interface OrderKey {
  /** `KeyboardEvent.code`: the key's place, whatever input method or capitals are switched on. */
  readonly code: string;
  readonly cap: string;
  readonly text: Text;
}

/** Every order has one key, and it is on its button. In the order of the buttons. */
export const ORDERS: Readonly<Record<OrderName, OrderKey>> = {
  next: { code: 'KeyN', cap: 'N', text: { zh: '呼叫下一位', en: 'Call next' } },
  begin: { code: 'KeyB', cap: 'B', text: { zh: '开始办理', en: 'Begin' } },
  finish: { code: 'KeyF', cap: 'F', text: { zh: '办结', en: 'Finish' } },
  recall: { code: 'KeyR', cap: 'R', text: { zh: '重呼', en: 'Recall' } },
  'no-show': { code: 'KeyM', cap: 'M', text: { zh: '过号', en: 'Missed' } },
  hold: { code: 'KeyH', cap: 'H', text: { zh: '挂起', en: 'Hold' } },
  park: { code: 'KeyP', cap: 'P', text: { zh: '暂存', en: 'Park' } },
  transfer: { code: 'KeyT', cap: 'T', text: { zh: '转移', en: 'Transfer' } },
  service: { code: 'KeyS', cap: 'S', text: { zh: '加办业务', en: 'Add service' } },
  resume: { code: 'KeyU', cap: 'U', text: { zh: '取回挂起', en: 'Resume' } },
  call: { code: 'KeyO', cap: 'O', text: { zh: '指定叫号', en: 'Call by number' } },
  class: { code: 'KeyC', cap: 'C', text: { zh: '改优先', en: 'Priority' } },
  break: { code: 'KeyK', cap: 'K', text: { zh: '暂停服务', en: 'Take a break' } },
  back: { code: 'KeyK', cap: 'K', text: { zh: '恢复服务', en: 'Back to work' } },
  close: { code: 'KeyQ', cap: 'Q', text: { zh: '关闭窗口', en: 'Close' } },
};
export const ORDER_NAMES = Object.keys(ORDERS) as readonly OrderName[];

const set = (...names: readonly OrderName[]): ReadonlySet<OrderName> => new Set(names);
const CALLED = set('begin', 'finish', 'recall', 'no-show', 'hold', 'park', 'transfer', 'class');
const SERVING = set('finish', 'hold', 'park', 'transfer', 'service', 'class');
const NOTHING = set();
const BREAK = set('back', 'close');

/** What may be ordered now. What the hub knows better it refuses, and says why. */
export function available(view: CounterView): ReadonlySet<OrderName> {
  if (view.state === 'closed') return NOTHING;
  if (view.ticket) return view.ticket.state === 'called' ? CALLED : SERVING;
  if (view.state === 'break') return BREAK;
  const free: OrderName[] = ['break', 'close', 'call', 'class'];
  if (view.next) free.push('next');
  if (view.held.length + view.parked.length + view.pool.length > 0) free.push('resume');
  return new Set(free);
}

/** The step that usually follows: its button stands out. */
export function usual(view: CounterView): OrderName | undefined {
  if (view.state === 'closed') return undefined;
  if (view.ticket) return view.ticket.state === 'called' ? 'begin' : 'finish';
  return view.state === 'break' ? 'back' : 'next';
}

export interface Order {
  readonly is: 'order';
  /** Below `/api/queue/counters/{counter}`. */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** One question before an order: an answer is an order, or the next question. */
export interface Question {
  readonly is: 'question';
  readonly title: Text;
  readonly choices: readonly Choice[];
  /** What can be written beside the choice. */
  readonly note?: Text;
  /** What is typed narrows the choices by their first word. */
  readonly find?: Text;
  readonly empty?: Text;
}

export interface Choice {
  readonly id: string;
  readonly label: Text;
  readonly hint?: Text;
  readonly danger?: boolean;
  choose(note?: string): Order | Question;
}

/** What questions are made from. */
export interface Known {
  readonly view: CounterView;
  readonly hall: HallView | undefined;
  readonly waiting: readonly StaffTicketView[];
  /** In the language of whoever sits there: what a reason is written down in. */
  readonly say: (text: Text) => string;
}

const order = (path: string, body?: Readonly<Record<string, unknown>>): Order => ({
  is: 'order',
  path,
  ...(body && { body }),
});
const withNote = (note: string | undefined): { note?: string } =>
  note !== undefined && note.trim() !== '' ? { note: note.trim() } : {};
const same = (text: string): Text => ({ zh: text, en: text });

const NOTE: Text = { zh: '备注（可不填）', en: 'Note (may be left empty)' };

/** Services that one can have a ticket for: no headings. */
export const leaves = (services: HallView['services']): HallView['services'] => {
  const parents = new Set(services.map(({ parent }) => parent));
  return services.filter(({ id }) => !parents.has(id));
};

/** Who works there, or that nobody does: what is left there then waits until somebody opens it. */
const whoText = ({ by, state }: HallView['counters'][number]): Text =>
  state === 'closed' ? { zh: '未开放，无人办理', en: 'Closed: nobody works there' } : same(by ?? '');

const others = ({ hall, view }: Known): HallView['counters'] =>
  (hall?.counters ?? []).filter(({ id }) => id !== view.id);

const ticketChoice = (ticket: StaffTicketView, choose: Choice['choose']): Choice => ({
  id: ticket.id,
  label: same(ticket.number),
  hint: ticket.serviceLabel,
  choose,
});

function finish(): Question {
  return {
    is: 'question',
    title: { zh: '办结：结果是？', en: 'Finish: what came of it?' },
    note: NOTE,
    choices: (Object.keys(OUTCOMES) as VisitOutcome[]).map((outcome) => ({
      id: outcome,
      label: OUTCOMES[outcome],
      choose: (note) => order('finish', { outcome, ...withNote(note) }),
    })),
  };
}

function park(known: Known): Question {
  return {
    is: 'question',
    title: { zh: '暂存给谁？', en: 'Park with whom?' },
    note: NOTE,
    choices: [
      {
        id: 'pool',
        label: { zh: '公共池，谁都可以取回', en: 'The pool: anybody goes on with it' },
        choose: (note) => order('park', { to: 'pool', ...withNote(note) }),
      },
      ...others(known).map((one): Choice => ({
        id: one.id,
        label: one.label,
        hint: whoText(one),
        choose: (note) => order('park', { to: { counter: one.id }, ...withNote(note) }),
      })),
    ],
  };
}

const PLACES: readonly { readonly place: TransferPlace; readonly label: Text; readonly hint: Text }[] = [
  {
    place: 'sorted',
    label: { zh: '按原取号时间', en: 'By when it was taken' },
    hint: { zh: '已等的时间算数', en: 'What was waited counts' },
  },
  {
    place: 'front',
    label: { zh: '排到最前', en: 'To the front' },
    hint: { zh: '下一个就叫', en: 'The next to be called' },
  },
  {
    place: 'end',
    label: { zh: '排到最后', en: 'To the end' },
    hint: { zh: '重新等候', en: 'Waits anew' },
  },
];

function placed(to: Text, target: Readonly<Record<string, string>>): Question {
  return {
    is: 'question',
    title: { zh: `转到${to.zh}：排在哪里？`, en: `To ${to.en}: where in the line?` },
    choices: PLACES.map(({ place, label, hint }) => ({
      id: place,
      label,
      hint,
      choose: () => order('transfer', { ...target, place }),
    })),
  };
}

function transfer(known: Known): Question {
  const { hall, view } = known;
  return {
    is: 'question',
    title: { zh: '转到哪项业务或哪个窗口？', en: 'Transfer to which service or counter?' },
    choices: [
      ...leaves(hall?.services ?? [])
        .filter(({ id }) => id !== view.ticket?.service)
        .map(({ id, label }): Choice => ({
          id: `service ${id}`,
          label,
          hint: { zh: '业务', en: 'Service' },
          choose: () => placed(label, { service: id }),
        })),
      ...others(known).map((one): Choice => ({
        id: `counter ${one.id}`,
        label: one.label,
        hint: { zh: `窗口 · ${whoText(one).zh}`, en: `Counter · ${whoText(one).en}` },
        choose: () => placed(one.label, { counter: one.id }),
      })),
    ],
  };
}

const MOST = 9;
function quantity(label: Text, service: string): Question {
  return {
    is: 'question',
    title: { zh: `加办${label.zh}：几件？`, en: `${label.en}: how many?` },
    choices: Array.from({ length: MOST }, (_, index) => ({
      id: String(index + 1),
      label: same(String(index + 1)),
      choose: () => order('service', { service, quantity: index + 1 }),
    })),
  };
}

function addService({ hall }: Known): Question {
  return {
    is: 'question',
    title: { zh: '这次还办什么？', en: 'What else in this visit?' },
    choices: leaves(hall?.services ?? []).map(({ id, label }) => ({
      id,
      label,
      choose: () => quantity(label, id),
    })),
  };
}

function resume({ view }: Known): Question {
  const from = (tickets: readonly StaffTicketView[], where: Text): readonly Choice[] =>
    tickets.map((ticket) => ({
      ...ticketChoice(ticket, () => order('resume', { ticket: ticket.id })),
      hint: { zh: `${where.zh} · ${ticket.serviceLabel.zh}`, en: `${where.en} · ${ticket.serviceLabel.en}` },
    }));
  return {
    is: 'question',
    title: { zh: '取回哪个号？', en: 'Go on with which ticket?' },
    choices: [
      ...from(view.held, { zh: '挂起', en: 'On hold' }),
      ...from(view.parked, { zh: '暂存在这里', en: 'Parked here' }),
      ...from(view.pool, { zh: '公共池', en: 'Pool' }),
    ],
  };
}

/** Why somebody is called before their turn. The hub writes it down. */
const CALL_REASONS: readonly Text[] = [
  { zh: '老弱病残孕优先', en: 'Needs to be served first' },
  { zh: '过号后返回', en: 'Came back after being missed' },
  { zh: '事情紧急', en: 'Urgent' },
  { zh: '业务需要', en: 'The matter asks for it' },
];

function reasonFor(ticket: StaffTicketView, { say }: Known): Question {
  return {
    is: 'question',
    title: { zh: `为什么先叫 ${ticket.number}？`, en: `Why ${ticket.number} before its turn?` },
    note: { zh: '补充说明（可不填）', en: 'More about it (may be left empty)' },
    choices: CALL_REASONS.map((text, index) => ({
      id: String(index),
      label: text,
      choose: (note) =>
        order('call', { ticket: ticket.id, reason: [say(text), note?.trim() ?? ''].filter(Boolean).join('：') }),
    })),
  };
}

function callOutOfOrder(known: Known): Question {
  return {
    is: 'question',
    title: { zh: '叫哪个号？', en: 'Call which number?' },
    find: { zh: '输入号码查找', en: 'Type a number to find it' },
    empty: { zh: '没有人在等候', en: 'Nobody is waiting' },
    choices: [
      ...known.waiting.map((ticket) => ticketChoice(ticket, () => reasonFor(ticket, known))),
      ...known.view.missed.map((ticket) => ({
        ...ticketChoice(ticket, () => reasonFor(ticket, known)),
        hint: { zh: `过号 · ${ticket.serviceLabel.zh}`, en: `Missed · ${ticket.serviceLabel.en}` },
      })),
    ],
  };
}

/** Everybody without a claim. */
const NO_CLASS = { id: 'ordinary', label: { zh: '普通', en: 'None' } };

function classFor(ticket: StaffTicketView, { hall }: Known): Question {
  return {
    is: 'question',
    title: { zh: `${ticket.number} 属于哪种优先？`, en: `Which priority has ${ticket.number}?` },
    choices: [NO_CLASS, ...(hall?.classes ?? [])]
      .filter(({ id }) => id !== ticket.class)
      .map(({ id, label }) => ({
        id,
        label,
        choose: () => order('class', { ticket: ticket.id, class: id }),
      })),
  };
}

/** Whoever stands here first, then who waits: a claim is often seen before the call. */
function changeClass(known: Known): Question {
  const { view, waiting } = known;
  const tickets = [...(view.ticket ? [view.ticket] : []), ...waiting];
  return {
    is: 'question',
    title: { zh: '改哪个号的优先？', en: 'Whose priority?' },
    find: { zh: '输入号码查找', en: 'Type a number to find it' },
    empty: { zh: '没有人在等候', en: 'Nobody is waiting' },
    choices: tickets.map((ticket) => ({
      ...ticketChoice(ticket, () => classFor(ticket, known)),
      hint: ticket.classLabel ?? ticket.serviceLabel,
    })),
  };
}

const BREAK_REASONS: readonly Text[] = [
  { zh: '短暂离开', en: 'Away for a moment' },
  { zh: '用餐', en: 'Meal' },
  { zh: '整理材料', en: 'Paperwork' },
  { zh: '设备故障', en: 'A device is out of order' },
];

function takeBreak({ say }: Known): Question {
  return {
    is: 'question',
    title: { zh: '暂停服务：原因？', en: 'Take a break: why?' },
    choices: BREAK_REASONS.map((text, index) => ({
      id: String(index),
      label: text,
      choose: () => order('break', { reason: say(text) }),
    })),
  };
}

function close({ view }: Known): Question {
  const left = [...view.held, ...view.parked, ...view.sent];
  if (left.length > 0) {
    const numbers = left.map(({ number }) => number);
    return {
      is: 'question',
      title: {
        zh: `关闭窗口：${numbers.join('、')} 还留在这里，怎么办？`,
        en: `Close: what becomes of ${numbers.join(', ')}, who wait for this counter?`,
      },
      choices: [
        {
          id: 'pool',
          label: { zh: '交给其他窗口，然后关闭', en: 'Any counter goes on with them; close' },
          danger: true,
          choose: () => order('close', { left: 'pool' }),
        },
        {
          id: 'keep',
          label: { zh: '留到这个窗口再开，然后关闭', en: 'They wait until this counter opens again; close' },
          danger: true,
          choose: () => order('close', { left: 'keep' }),
        },
      ],
    };
  }
  return {
    is: 'question',
    title: { zh: '关闭窗口？之后不再叫号到这里', en: 'Close the counter? Nobody is called here then' },
    choices: [
      { id: 'close', label: { zh: '关闭窗口', en: 'Close it' }, danger: true, choose: () => order('close', {}) },
    ],
  };
}

/** What an order's key leads to. */
export function start(name: OrderName, known: Known): Order | Question {
  switch (name) {
    case 'finish':
      return finish();
    case 'park':
      return park(known);
    case 'transfer':
      return transfer(known);
    case 'service':
      return addService(known);
    case 'resume':
      return resume(known);
    case 'call':
      return callOutOfOrder(known);
    case 'class':
      return changeClass(known);
    case 'break':
      return takeBreak(known);
    case 'close':
      return close(known);
    default:
      return order(name);
  }
}

/** What a question still offers when something was typed to find a number. */
export function narrowed(question: Question, typed: string): readonly Choice[] {
  const wanted = typed.trim().toUpperCase();
  if (question.find === undefined || wanted === '') return question.choices;
  return question.choices.filter(({ label }) => label.zh.toUpperCase().includes(wanted));
}
