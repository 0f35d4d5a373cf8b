import type { DurationMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';
import type {
  BoardView,
  CounterView,
  HallView,
  LiveView,
  OwnTicketView,
  ServiceView,
  StaffTicketView,
  StatisticsRow,
  TicketMachineView,
} from '../contract.ts';

/** Views as the hub gives them, for tests of what draws them. Times count from when the test runs. */

const ago = (minutes: number): ReturnType<typeof epochMs> => epochMs(Date.now() - minutes * 60_000);
const minutes = (value: number): DurationMs => (value * 60_000) as DurationMs;

const LABELS = {
  records: { zh: '学籍与成绩', en: 'Records and results' },
  enrolment: { zh: '在读证明盖章', en: 'Enrolment certificates' },
  transcript: { zh: '成绩单复核与更正', en: 'Corrections of transcripts' },
  cards: { zh: '校园卡', en: 'Campus card' },
  fees: { zh: '学费与资助', en: 'Fees and grants' },
  leaving: { zh: '离校手续', en: 'Leaving the university' },
} as const;
type ServiceId = keyof typeof LABELS;

const service = (id: ServiceId, change: Partial<ServiceView> = {}): ServiceView => ({
  id,
  label: LABELS[id],
  prefix: 'A',
  quick: false,
  documents: [],
  people: 0,
  ...change,
});

export const services = (): readonly ServiceView[] => [
  service('records'),
  service('enrolment', {
    parent: 'records',
    quick: true,
    people: 12,
    expected: { from: minutes(14), to: minutes(26) },
    documents: [
      { zh: '学生证或身份证', en: 'Student card or ID card' },
      { zh: '一寸照片两张', en: 'Two photographs' },
    ],
  }),
  service('transcript', { parent: 'records', people: 3, expected: { from: minutes(4), to: minutes(11) } }),
  service('cards', { prefix: 'B', quick: true, people: 1, expected: { from: minutes(0), to: minutes(4) } }),
  service('fees', {
    prefix: 'C',
    people: 0,
    refusal: { code: 'E-QUEUE-0103', opensAt: epochMs(Date.now() + 5_400_000) },
  }),
  service('leaving', { prefix: 'D', people: 40, refusal: { code: 'E-QUEUE-0105' } }),
];

export const staffTicket = (number: string, change: Partial<StaffTicketView> = {}): StaffTicketView => ({
  id: `ticket-${number}`,
  number,
  service: 'enrolment',
  serviceLabel: LABELS.enrolment,
  class: 'ordinary',
  state: 'waiting',
  source: 'machine',
  takenAt: ago(12),
  since: ago(12),
  calls: 0,
  services: [{ service: 'enrolment', quantity: 1 }],
  ...change,
});

/** So many as wait at noon, of several services and sources. */
export const waitingTickets = (count: number): readonly StaffTicketView[] =>
  Array.from({ length: count }, (_, index) => {
    const [prefix, id] = (
      [
        ['A', 'enrolment'],
        ['A', 'transcript'],
        ['B', 'cards'],
        ['C', 'fees'],
      ] as const
    )[index % 4] ?? ['A', 'enrolment'];
    return staffTicket(`${prefix}${String(40 + index).padStart(3, '0')}`, {
      service: id,
      serviceLabel: LABELS[id],
      since: ago(38 - index),
      takenAt: ago(38 - index),
      ...(index % 7 === 3 && { class: 'elderly', classLabel: { zh: '老年人', en: 'Elderly' }, person: '王**' }),
      ...(index % 9 === 5 && { source: 'appointment' as const, person: '李*' }),
      ...(index % 5 === 2 && { source: 'phone' as const }),
    });
  });

export const counterView = (change: Partial<CounterView> = {}): CounterView => ({
  id: 'w1',
  label: { zh: '1 号窗口', en: 'Counter 1' },
  hall: 'main',
  state: 'free',
  session: 1,
  by: '周敏',
  held: [],
  parked: [],
  pool: [],
  sent: [],
  missed: [],
  waiting: 30,
  served: 17,
  devices: [
    { id: 'led-1', label: { zh: '窗口屏', en: 'Counter display' }, ready: true },
    { id: 'pad-1', label: { zh: '评价器', en: 'Rating pad' }, ready: false },
  ],
  ...change,
});

export const hallView = (): HallView => ({
  id: 'main',
  label: { zh: '办事大厅', en: 'Service hall' },
  classes: [{ id: 'elderly', label: { zh: '老年人', en: 'Elderly' } }],
  counters: [
    {
      id: 'w1',
      label: { zh: '1 号窗口', en: 'Counter 1' },
      state: 'free',
      by: '周敏',
      services: ['enrolment', 'transcript'],
      offers: ['enrolment', 'transcript', 'cards'],
    },
    {
      id: 'w2',
      label: { zh: '2 号窗口', en: 'Counter 2' },
      state: 'serving',
      by: '陈立',
      services: ['cards', 'enrolment'],
      offers: ['cards', 'enrolment'],
    },
    {
      id: 'w3',
      label: { zh: '3 号窗口', en: 'Counter 3' },
      state: 'break',
      by: '高原',
      services: ['fees'],
      offers: ['fees'],
    },
    {
      id: 'w4',
      label: { zh: '4 号窗口', en: 'Counter 4' },
      state: 'closed',
      services: ['leaving', 'enrolment'],
      offers: ['leaving', 'enrolment'],
    },
  ],
  services: services(),
});

export const boardView = (change: Partial<BoardView> = {}): BoardView => ({
  hall: 'main',
  label: { zh: '办事大厅', en: 'Service hall' },
  day: '2026-09-01',
  calls: [
    { number: 'A012', counter: 'w1', counterLabel: { zh: '1 号窗口', en: 'Counter 1' }, at: ago(0), times: 1 },
    { number: 'B007', counter: 'w2', counterLabel: { zh: '2 号窗口', en: 'Counter 2' }, at: ago(2), times: 2 },
    { number: 'A011', counter: 'w3', counterLabel: { zh: '3 号窗口', en: 'Counter 3' }, at: ago(5), times: 1 },
    { number: 'C002', counter: 'w4', counterLabel: { zh: '4 号窗口', en: 'Counter 4' }, at: ago(6), times: 1 },
    { number: 'A010', counter: 'w1', counterLabel: { zh: '1 号窗口', en: 'Counter 1' }, at: ago(9), times: 1 },
    { number: 'A009', counter: 'w2', counterLabel: { zh: '2 号窗口', en: 'Counter 2' }, at: ago(11), times: 3 },
  ],
  counters: [
    { id: 'w1', label: { zh: '1 号窗口', en: 'Counter 1' }, state: 'calling', number: 'A012' },
    { id: 'w2', label: { zh: '2 号窗口', en: 'Counter 2' }, state: 'serving', number: 'B007' },
    { id: 'w3', label: { zh: '3 号窗口', en: 'Counter 3' }, state: 'serving', number: 'A011' },
    { id: 'w4', label: { zh: '4 号窗口', en: 'Counter 4' }, state: 'closed' },
  ],
  waiting: [
    {
      service: 'enrolment',
      label: LABELS.enrolment,
      people: 12,
      expected: { from: minutes(14), to: minutes(26) },
    },
    { service: 'transcript', label: LABELS.transcript, people: 3, expected: { from: minutes(4), to: minutes(11) } },
    { service: 'cards', label: LABELS.cards, people: 1, expected: { from: minutes(0), to: minutes(4) } },
    { service: 'fees', label: LABELS.fees, people: 0 },
  ],
  door: { url: 'https://hub.example.edu/q/main?door=K7QM-2X4P', until: ago(-5) },
  ...change,
});

export const ownTicket = (change: Partial<OwnTicketView> = {}): OwnTicketView => ({
  key: 'Zk3vQ8w1xY5mT9aB',
  number: 'A041',
  hall: 'main',
  hallLabel: { zh: '办事大厅', en: 'Service hall' },
  service: 'enrolment',
  serviceLabel: LABELS.enrolment,
  state: 'waiting',
  takenAt: ago(3),
  ahead: 12,
  expected: { from: minutes(14), to: minutes(26) },
  documents: [{ zh: '学生证或身份证', en: 'Student card or ID card' }],
  ...change,
});

export const ticketMachine = (change: Partial<TicketMachineView> = {}): TicketMachineView => ({
  hall: 'main',
  label: { zh: '办事大厅', en: 'Service hall' },
  services: services(),
  classes: [
    { id: 'elderly', label: { zh: '老年人', en: 'Elderly' } },
    { id: 'pregnant', label: { zh: '孕妇', en: 'Pregnant' } },
  ],
  paper: 'ok',
  ...change,
});

export const liveView = (): LiveView => ({
  hall: 'main',
  services: [
    {
      id: 'enrolment',
      label: LABELS.enrolment,
      waiting: 12,
      longest: minutes(23),
      limit: minutes(20),
      beyond: 2,
      lasts: minutes(4),
    },
    { id: 'cards', label: LABELS.cards, waiting: 0, longest: minutes(0), beyond: 0, lasts: minutes(3) },
  ],
  counters: [
    { id: 'w1', label: { zh: '1 号窗口', en: 'Counter 1' }, state: 'serving', servings: 17, lasts: minutes(5) },
    { id: 'w4', label: { zh: '4 号窗口', en: 'Counter 4' }, state: 'closed', servings: 0, lasts: minutes(0) },
  ],
});

export const statisticsRow = (key: string, change: Partial<StatisticsRow> = {}): StatisticsRow => ({
  key,
  label: { zh: key, en: key },
  taken: 60,
  called: 57,
  served: 48,
  incomplete: 3,
  referred: 1,
  noShow: 5,
  abandoned: 3,
  unfinished: 0,
  waitMean: minutes(9),
  waitP50: minutes(7),
  waitP90: minutes(21),
  serviceMean: minutes(5),
  ...change,
});

/** A morning and an afternoon with their peaks, of a working week. */
export const weekRows = (): readonly StatisticsRow[] =>
  [1, 2, 3, 4, 5].flatMap((weekday) =>
    [8, 9, 10, 11, 12, 14, 15, 16, 17].map((hour) =>
      statisticsRow(`${weekday}-${String(hour).padStart(2, '0')}`, {
        taken: Math.round(60 - 6 * Math.abs(hour - 10) - 4 * weekday + (hour === 15 ? 20 : 0)),
      }),
    ),
  );

export const serviceRows = (): readonly StatisticsRow[] => [
  statisticsRow('enrolment', {
    label: LABELS.enrolment,
    limit: minutes(20),
    withinLimit: 0.93,
    promise: { count: 57, held: 0.86, error: minutes(3) },
    rating: { mean: 4.7, count: 31 },
  }),
  statisticsRow('transcript', {
    label: LABELS.transcript,
    limit: minutes(30),
    withinLimit: 0.71,
    rating: { mean: 4.1, count: 12 },
  }),
  statisticsRow('cards', { label: LABELS.cards, taken: 210, served: 201 }),
];
