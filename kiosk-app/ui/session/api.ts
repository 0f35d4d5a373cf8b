import type { CertificateView, PrintJobView } from '@hallhub/hub/api/types';
import type {
  CardTransactionView,
  CardView,
  KioskView,
  OneTimeCodeView,
  ServiceDeviceView,
  Supply,
  TopUpView,
} from '@hallhub/hub/kiosks/contract';
import type { LockerAnswer, LockerOrderView, LockerView, Presented, Size } from '@hallhub/hub/lockers/contract';
import type { MineView, TakenView, TicketMachineView } from '@hallhub/hub/queue/contract';
import type { Answer } from '@hallhub/hub/web/kit/http.ts';
import { call } from '@hallhub/hub/web/kit/http.ts';

/** What a ticket is taken for. */
export interface TicketWish {
  readonly service: string;
  readonly appointment?: string;
  readonly request?: string;
  /** What whoever takes it says of themselves: a class of visitors of the hall. */
  readonly class?: string;
}

/** The table of hub/kiosks/contract.ts as functions. */
export interface KioskApi {
  readonly base: string;
  session(token: string): Promise<Answer<undefined>>;
  view(): Promise<Answer<KioskView>>;
  pickUp(code: string): Promise<Answer<undefined>>;
  number(number: string): Promise<Answer<OneTimeCodeView>>;
  oneTime(number: string, code: string): Promise<Answer<undefined>>;
  touch(): Promise<Answer<undefined>>;
  leave(): Promise<Answer<undefined>>;
  certificates(): Promise<Answer<readonly CertificateView[]>>;
  documentUrl(certificateId: string): string;
  print(certificateId: string, copies: number, once: string): Promise<Answer<PrintJobView>>;
  job(attemptId: string): Promise<Answer<PrintJobView>>;
  receipt(attemptId: string): Promise<Answer<undefined>>;
  withdraw(attemptId: string): Promise<Answer<PrintJobView>>;
  card(): Promise<Answer<CardView>>;
  transactions(before?: string): Promise<Answer<readonly CardTransactionView[]>>;
  reportLost(): Promise<Answer<CardView>>;
  topUp(amount: number, once: string): Promise<Answer<TopUpView>>;
  topUpState(orderId: string): Promise<Answer<TopUpView>>;
  cancelTopUp(orderId: string): Promise<Answer<TopUpView>>;
  readonly queue: {
    machine(): Promise<Answer<TicketMachineView>>;
    mine(): Promise<Answer<MineView>>;
    take(wish: TicketWish, once: string): Promise<Answer<TakenView>>;
    print(ticketId: string): Promise<Answer<TakenView>>;
  };
  /** The table of hub/lockers/terminal-contract.ts. */
  readonly locker: {
    view(): Promise<Answer<LockerView>>;
    present(code: string): Promise<Answer<Presented>>;
    /** Without a value where nothing was shown for a while. */
    listen(until: AbortSignal): Promise<Answer<Presented | undefined>>;
    begin(session: string, pass: string, size?: Size): Promise<Answer<LockerOrderView>>;
    order(id: string, session: string): Promise<Answer<LockerOrderView>>;
    answer(id: string, session: string, answer: LockerAnswer): Promise<Answer<LockerOrderView>>;
    end(session: string): Promise<Answer<undefined>>;
  };
  readonly service: {
    enter(pin: string): Promise<Answer<undefined>>;
    leave(): Promise<Answer<undefined>>;
    devices(): Promise<Answer<readonly ServiceDeviceView[]>>;
    testPage(): Promise<Answer<undefined>>;
    restart(): Promise<Answer<undefined>>;
    refill(supply: Supply, sheets?: number): Promise<Answer<undefined>>;
    outOfService(out: boolean): Promise<Answer<undefined>>;
    readonly logUrl: string;
  };
}

export function kioskApi(kioskId: string): KioskApi {
  const base = `/api/kiosks/${kioskId}`;
  const get = <T>(path: string): Promise<Answer<T>> => call<T>('GET', `${base}${path}`);
  const post = <T = undefined>(path: string, body?: unknown, once?: string): Promise<Answer<T>> =>
    call<T>('POST', `${base}${path}`, body, once);
  const certificate = (id: string): string => `/certificates/${encodeURIComponent(id)}`;
  return {
    base,
    session: (token) => post('/session', { token }),
    view: () => get(''),
    pickUp: (code) => post('/identify/pick-up', { code }),
    number: (number) => post('/identify/number', { number }),
    oneTime: (number, code) => post('/identify/one-time', { number, code }),
    touch: () => post('/touch'),
    leave: () => post('/leave'),
    certificates: () => get('/certificates'),
    documentUrl: (id) => `${base}${certificate(id)}/document`,
    print: (certificateId, copies, once) => post('/print', { certificateId, copies }, once),
    job: (attemptId) => get(`/jobs/${encodeURIComponent(attemptId)}`),
    receipt: (attemptId) => post(`/jobs/${encodeURIComponent(attemptId)}/receipt`),
    withdraw: (attemptId) => post(`/jobs/${encodeURIComponent(attemptId)}/withdraw`),
    card: () => get('/card'),
    transactions: (before) =>
      get(`/card/transactions${before === undefined ? '' : `?before=${encodeURIComponent(before)}`}`),
    reportLost: () => post('/card/lost'),
    topUp: (amount, once) => post('/card/top-ups', { amount }, once),
    topUpState: (orderId) => get(`/card/top-ups/${encodeURIComponent(orderId)}`),
    cancelTopUp: (orderId) => post(`/card/top-ups/${encodeURIComponent(orderId)}/cancel`),
    queue: {
      machine: () => get('/queue'),
      mine: () => get('/queue/mine'),
      take: (wish, once) => post('/queue/tickets', wish, once),
      print: (ticketId) => post(`/queue/tickets/${encodeURIComponent(ticketId)}/print`),
    },
    locker: {
      view: () => get('/locker'),
      present: (code) => post('/locker/present', { code }),
      listen: (until) =>
        call<Presented | undefined>('POST', `${base}/locker/listen`, undefined, undefined, undefined, until),
      begin: (session, pass, size) => post('/locker/begin', { session, pass, ...(size !== undefined && { size }) }),
      order: (id, session) => get(`/locker/orders/${encodeURIComponent(id)}?session=${encodeURIComponent(session)}`),
      answer: (id, session, answer) => post(`/locker/orders/${encodeURIComponent(id)}`, { session, answer }),
      end: (session) => post('/locker/end', { session }),
    },
    service: {
      enter: (pin) => post('/service/enter', { pin }),
      leave: () => post('/service/leave'),
      devices: () => get('/service/devices'),
      testPage: () => post('/service/test-page'),
      restart: () => post('/service/restart'),
      refill: (supply, sheets) => post('/service/refill', { supply, ...(sheets !== undefined && { sheets }) }),
      outOfService: (out) => post('/service/out-of-service', { out }),
      logUrl: `${base}/service/log`,
    },
  };
}
