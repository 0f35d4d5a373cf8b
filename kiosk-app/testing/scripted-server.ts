import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import type { CertificateView, PrintJobView } from '@hallhub/hub/api/types';
import type {
  CardTransactionView,
  CardView,
  KioskView,
  OneTimeCodeView,
  ServiceDeviceView,
  TopUpView,
} from '@hallhub/hub/kiosks/contract';
import type { Presented } from '@hallhub/hub/lockers/contract';
import type { MineView, TakenView, TicketMachineView } from '@hallhub/hub/queue/contract';
import { ownTicket, ticketMachine } from '@hallhub/hub/queue/testing/views';
import { epochMs } from '@hallhub/sync/base';
import type { FastifyReply } from 'fastify';
import Fastify from 'fastify';
import type { LockerScript } from './scripted-locker.ts';
import { quietCabinet, serveLocker } from './scripted-locker.ts';

/*
 * The server of a kiosk's screens as hub/kiosks/contract.ts has it, saying what a test tells it to say: for states that a real
 * one cannot easily be brought into. It decides nothing.
 */

export const KIOSK = 'hall';
const TICKET = 't1';
const BASE = `/api/kiosks/${KIOSK}`;
const TYPES: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };

export interface Script {
  view: KioskView;
  certificates: CertificateView[];
  document: Uint8Array;
  job: PrintJobView | undefined;
  card: CardView;
  transactions: CardTransactionView[];
  topUp: TopUpView;
  oneTime: OneTimeCodeView;
  devices: ServiceDeviceView[];
  queue: TicketMachineView;
  mine: MineView;
  taken: TakenView;
  locker: LockerScript;
  catalogue: Readonly<Record<string, { readonly zh: string; readonly en: string }>>;
  /** The next POST to a path that ends so is answered with this code. */
  refusals: Map<string, string>;
}

export interface ScriptedServer {
  readonly url: string;
  readonly script: Script;
  /** What was posted, path (below the kiosk's) and body. */
  readonly posts: { readonly path: string; readonly body: unknown }[];
  /** Changes the view and tells it, as a server does. */
  show(change: Partial<KioskView>): void;
  /** Takes parts of the view away, and tells it. */
  hide(...parts: (keyof KioskView)[]): void;
  /** Changes the queue of the hall and tells it. */
  tellQueue(change: Partial<TicketMachineView>): void;
  tellJob(change: Partial<PrintJobView>): void;
  /** Somebody shows a card or a QR code at the reader of the cabinet: so many calls that listened have heard it. */
  showAtCabinet(presented: Presented): number;
  /** Breaks off every connection, and answers nothing until it is told to. */
  dark(on: boolean): void;
  stop(): Promise<void>;
}

export async function scriptedServer(options: {
  /** Folder of the built screens. */
  readonly webRoot: string;
  readonly script: Script;
}): Promise<ScriptedServer> {
  const { webRoot, script } = options;
  const server = Fastify({ forceCloseConnections: true });
  const streams = new Set<ServerResponse>();
  const posts: { path: string; body: unknown }[] = [];
  let isDark = false;

  const tell = (data: unknown, topic = `kiosk/${KIOSK}`): void => {
    for (const stream of streams) stream.write(`event: ${topic}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const show = (change: Partial<KioskView>): void => {
    script.view = { ...script.view, ...change };
    tell(script.view);
  };
  const hide = (...parts: (keyof KioskView)[]): void => {
    const kept = Object.entries(script.view).filter(([key]) => !parts.some((part) => part === key));
    script.view = Object.fromEntries(kept) as unknown as KioskView;
    tell(script.view);
  };
  server.addHook('onRequest', (request, _reply, done) => {
    if (isDark) request.raw.socket.destroy();
    else done();
  });
  const page = (path: string, reply: FastifyReply): FastifyReply => {
    const file = join(webRoot, normalize(`/${path}`));
    const found = existsSync(file) && path !== '' && path.includes('.') ? file : join(webRoot, 'index.html');
    return reply.type(TYPES[found.split('.').at(-1) ?? ''] ?? 'application/octet-stream').send(readFileSync(found));
  };
  server.get('/kiosk/*', (request, reply) => page((request.params as { '*': string })['*'], reply));
  server.get('/api/catalogue', () => script.catalogue);
  server.get('/api/instance', () => ({ demo: false, timeZone: 'Asia/Shanghai' }));
  server.get(BASE, () => script.view);
  server.get(`${BASE}/events`, (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    reply.raw.write(': hello\n\n');
    streams.add(reply.raw);
    reply.raw.on('close', () => streams.delete(reply.raw));
  });
  server.get(`${BASE}/certificates`, () => script.certificates);
  server.get(`${BASE}/certificates/:id/document`, (_request, reply) =>
    reply.type('application/pdf').send(Buffer.from(script.document)),
  );
  server.get(
    `${BASE}/jobs/:id`,
    (_request, reply) => script.job ?? reply.code(404).send({ status: 404, code: 'E-CERT-0407' }),
  );
  server.get(`${BASE}/card`, () => script.card);
  server.get(`${BASE}/card/transactions`, (request) => {
    const { before } = request.query as { before?: string };
    return before === undefined ? script.transactions : [];
  });
  server.get(`${BASE}/card/top-ups/:id`, () => script.topUp);
  server.get(`${BASE}/queue`, () => script.queue);
  server.get(`${BASE}/queue/mine`, () => script.mine);
  server.get(`${BASE}/service/devices`, () => script.devices);
  server.get(`${BASE}/service/log`, (_request, reply) => reply.type('text/plain').send('no faults\n'));

  const cabinet = serveLocker(server, `${BASE}/locker`, script);
  const answers: Readonly<Record<string, () => unknown>> = {
    '/identify/number': () => script.oneTime,
    '/print': () => script.job,
    '/card/lost': () => {
      script.card = { ...script.card, state: 'lost' };
      return script.card;
    },
    '/card/top-ups': () => script.topUp,
    '/queue/tickets': () => script.taken,
    [`/queue/tickets/${TICKET}/print`]: () => script.taken,
    '/locker/present': () => script.locker.presented,
    '/locker/begin': () => script.locker.order,
    [`/locker/orders/${script.locker.order.id}`]: () => {
      script.locker.order = { ...script.locker.order, ...script.locker.answered };
      return script.locker.order;
    },
  };
  server.post(`${BASE}/*`, (request, reply) => {
    const path = `/${(request.params as { '*': string })['*']}`;
    posts.push({ path, body: request.body });
    const refusal = script.refusals.get(path);
    if (refusal !== undefined) {
      script.refusals.delete(path);
      return reply.code(409).send({ status: 409, code: refusal });
    }
    if (path === '/leave') hide('person');
    if (path.endsWith('/cancel')) script.topUp = { ...script.topUp, state: 'closed' };
    return (path.endsWith('/cancel') ? script.topUp : answers[path]?.()) ?? reply.code(204).send();
  });

  await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    script,
    posts,
    show,
    hide,
    tellJob: (change) => {
      if (!script.job) throw new Error('no job was scripted');
      script.job = { ...script.job, ...change };
      tell({ job: script.job });
    },
    showAtCabinet: cabinet.show,
    tellQueue: (change) => {
      script.queue = { ...script.queue, ...change };
      tell(script.queue, `kiosk/${KIOSK}/queue`);
    },
    dark: (on) => {
      isDark = on;
      if (on) for (const stream of streams) stream.destroy();
    },
    stop: () => server.close(),
  };
}

const at = (minutesAgo: number): ReturnType<typeof epochMs> => epochMs(Date.now() - minutesAgo * 60_000);
const certificate = (id: string, zh: string, en: string, change: Partial<CertificateView> = {}): CertificateView => ({
  certificateId: id,
  revision: 1,
  template: 'enrolment',
  title: { zh, en },
  studentName: '林知夏',
  state: 'issued',
  pages: 1,
  copiesAllowed: 3,
  copiesUsed: 0,
  validFrom: at(1_000),
  validUntil: at(-100_000),
  ...change,
});

/** A kiosk where everything works and nobody stands. */
export const quietHall = (document: Uint8Array): Script => ({
  view: {
    id: KIOSK,
    label: { zh: '办事大厅一层东侧', en: 'Service hall, ground floor east' },
    modes: ['print', 'campus-card', 'ticket'],
    hub: 'up',
    hall: 'up',
    printer: { id: 'printer', state: 'ready', paper: 'ok', toner: 'ok' },
    readers: [{ id: 'reader', kind: 'resident-id', state: 'ready' }],
    receipts: { id: 'receipts', state: 'ready' },
    ways: ['resident-id', 'campus-card', 'campus-code', 'pick-up-code', 'one-time-code'],
  },
  certificates: [
    certificate('enrolment', '在读证明', 'Certificate of enrolment'),
    certificate('transcript', '本科生成绩单', 'Undergraduate transcript', { pages: 3 }),
    certificate('enrolment-en', '出国英文在读证明', 'Enrolment for going abroad', { copiesAllowed: 1 }),
    certificate('scholarship', '奖学金证明', 'Scholarship', { copiesUsed: 3 }),
    certificate('degree', '学历学位证明', 'Degree', { state: 'pending' }),
    certificate('payment', '缴费清单', 'Fees paid', { state: 'refused', code: 'E-CERT-0203' }),
    certificate('leaving', '离校证明', 'Certificate of leaving'),
    certificate('pre-graduation', '预毕业证明', 'Pre-graduation'),
  ],
  document,
  job: {
    attemptId: 'attempt',
    certificateId: 'transcript',
    printerId: 'printer',
    copies: 2,
    pages: 3,
    state: 'queued',
    impressions: 0,
    requestedAt: at(0),
    changedAt: at(0),
  },
  card: {
    cardNumber: '********4086',
    balance: 12_850,
    pending: 5_000,
    state: 'active',
    can: ['transactions', 'report-lost', 'top-up'],
    amounts: [2_000, 5_000, 10_000, 20_000],
  },
  transactions: Array.from({ length: 15 }, (_, index) => ({
    id: `t${index}`,
    at: at(index * 400),
    amount: index % 5 === 4 ? 10_000 : -(850 + index * 130),
    balance: 12_850 + index * 700,
    text: index % 5 === 4 ? { zh: '线上充值', en: 'Top-up' } : { zh: '第二食堂 3 号窗口', en: 'Canteen 2, window 3' },
  })),
  topUp: {
    orderId: 'T20260901-000042',
    amount: 5_000,
    state: 'paying',
    payUrl: 'https://pay.example.edu/q/2f9c1b7a-000042',
    payUntil: epochMs(Date.now() + 180_000),
  },
  oneTime: { validUntil: epochMs(Date.now() + 300_000), digits: 6 },
  devices: [
    {
      id: 'reader',
      label: { zh: '身份证阅读器', en: 'Resident ID reader' },
      profile: 'resident-id/generic-serial',
      state: 'ready',
      frames: [
        { at: at(2), direction: 'out', hex: 'aa aa aa 96 69 00 03 20 01 22', meaning: 'find card' },
        { at: at(2), direction: 'in', hex: 'aa aa aa 96 69 00 04 00 00 80 84', meaning: 'no card' },
        { at: at(1), direction: 'in', hex: '', meaning: 'card read' },
      ],
    },
    {
      id: 'printer',
      label: { zh: '激光打印机', en: 'Laser printer' },
      profile: 'ipp/generic',
      state: 'degraded',
      code: 'E-PRN-0203',
      frames: [],
    },
  ],
  queue: ticketMachine(),
  mine: {
    tickets: [],
    appointments: [
      {
        id: 'ap1',
        service: 'enrolment',
        label: { zh: '在读证明盖章', en: 'Enrolment certificates' },
        from: at(-10),
        to: at(-25),
        checkIn: 'open',
      },
      {
        id: 'ap2',
        service: 'cards',
        label: { zh: '校园卡', en: 'Campus card' },
        from: at(-180),
        to: at(-195),
        checkIn: 'early',
      },
    ],
    requests: [{ id: 'rq1', label: { zh: '成绩单更正', en: 'Correction of a transcript' }, service: 'transcript' }],
  },
  taken: {
    ticket: { ...ownTicket({ url: 'https://hub.example.edu/t/Zk3vQ8w1xY5mT9aB' }), id: TICKET },
    paper: 'printed',
  },
  catalogue: {
    'E-QUEUE-0103': { zh: '现在不在取号时间内', en: 'No tickets are given at this hour' },
    'E-QUEUE-0105': { zh: '今天的号已经取完', en: 'The tickets of today are gone' },
    'E-QUEUE-0106': { zh: '您已经有一个未办结的号', en: 'You have a ticket for this service already' },
    'E-ESC-0101': { zh: '号票打印机缺纸', en: 'The ticket printer is out of paper' },
    'E-PRN-0201': { zh: '打印机缺纸', en: 'The printer is out of paper' },
    'E-PRN-0202': { zh: '打印机卡纸', en: 'Paper is jammed' },
    'E-PRN-0203': { zh: '打印机墨粉用尽', en: 'The toner is used up' },
    'E-CERT-0203': {
      zh: '证明中有字库未收录的字，无法打印，请联系工作人员',
      en: 'The certificate holds a character that no installed font covers; please ask the staff',
    },
    'E-CERT-0405': { zh: '打印机未打印', en: 'The printer ended the job without a sheet' },
    'E-CERT-0406': { zh: '请确认是否取到纸张', en: 'Please check whether the sheets came out' },
    'E-KIOSK-0103': {
      zh: '此读卡器只能读出证件号码，无法据此办理，请到人工窗口',
      en: 'This reader gives the card’s number alone, which is not enough to know you by; please ask at the counter',
    },
    'E-LOCK-0101': { zh: '没有这个柜或格口', en: 'There is no such cabinet or compartment here' },
    'E-LOCK-0102': {
      zh: '取件码或证件不对，或尚未生效、已用过',
      en: 'Nothing is here for this code or card, or it is not yet or no more good',
    },
    'E-LOCK-0103': { zh: '错误次数过多，请稍后再试', en: 'Too many wrong codes: try again later' },
    'E-LOCK-0104': { zh: '没有这种大小的空闲格口', en: 'No compartment of this size is free' },
    'E-LOCK-0106': {
      zh: '该格口暂停使用，等待工作人员检查',
      en: 'This compartment is out of use until staff have looked',
    },
    'E-LOCK-0108': { zh: '操作已过期', en: 'That is over' },
    'E-KIOSK-0301': {
      zh: '与主机的连接中断，正在恢复',
      en: 'The hub cannot be reached; it will be tried again',
    },
    'E-KIOSK-0201': { zh: '取件码不正确或已过期', en: 'The pick-up code is wrong or no longer good' },
  },
  locker: quietCabinet(),
  refusals: new Map(),
});

/** Somebody at the kiosk, half masked. */
export const person = (session = 's1', name = '林*夏'): NonNullable<KioskView['person']> => ({
  session,
  name,
  way: 'resident-id',
  until: epochMs(Date.now() + 60_000),
});
