import type { MineView, OwnTicketView, ServiceView, TakenView, TicketMachineView } from '@hallhub/hub/queue/contract';
import type { Text } from '@hallhub/hub/web/kit/i18n.ts';
import { waitText } from '@hallhub/hub/web/kit/wait.ts';
import type { IconName } from '../../kit/icons.ts';
import type { TicketWish } from '../../session/api.ts';

/*
 * The way to a ticket: what for → what to bring → the number. Pure; what is asked of the server is done by the screens.
 */

export type TicketPage =
  /** The services that most come for; before them what whoever is known comes for. */
  | { readonly at: 'start'; readonly page: number }
  /** One level of the tree. */
  | { readonly at: 'tree'; readonly parent?: string; readonly page: number }
  | { readonly at: 'confirm'; readonly wish: TicketWish; readonly from: ListPage }
  /** They have one already. */
  | { readonly at: 'own'; readonly ticket: OwnTicketView; readonly from: ListPage }
  | { readonly at: 'taken'; readonly taken: TakenView };
export type ListPage = Extract<TicketPage, { at: 'start' | 'tree' }>;

export type TicketEvent =
  | { readonly type: 'turn'; readonly page: number }
  | { readonly type: 'open'; readonly parent?: string }
  | { readonly type: 'wish'; readonly wish: TicketWish }
  | { readonly type: 'own'; readonly ticket: OwnTicketView }
  | { readonly type: 'taken'; readonly taken: TakenView }
  | { readonly type: 'back' }
  | { readonly type: 'again' };

export const START: TicketPage = { at: 'start', page: 0 };

/** One step; what does not fit the page it comes to changes nothing. */
export function turn(page: TicketPage, event: TicketEvent, services: readonly ServiceView[]): TicketPage {
  switch (event.type) {
    case 'turn':
      return page.at === 'start' || page.at === 'tree' ? { ...page, page: event.page } : page;
    case 'open':
      if (page.at !== 'start' && page.at !== 'tree') return page;
      return { at: 'tree', page: 0, ...(event.parent !== undefined && { parent: event.parent }) };
    case 'wish':
      return page.at === 'start' || page.at === 'tree' ? { at: 'confirm', wish: event.wish, from: page } : page;
    case 'own':
      if (page.at === 'confirm') return { at: 'own', ticket: event.ticket, from: page.from };
      return page.at === 'start' || page.at === 'tree' ? { at: 'own', ticket: event.ticket, from: page } : page;
    case 'taken':
      return page.at === 'confirm' || page.at === 'taken' ? { at: 'taken', taken: event.taken } : page;
    case 'back':
      if (page.at === 'confirm' || page.at === 'own') return page.from;
      if (page.at !== 'tree') return page;
      return page.parent === undefined ? START : upFrom(page.parent, services);
    case 'again':
      return page.at === 'taken' || page.at === 'own' ? START : page;
  }
}

function upFrom(parent: string, services: readonly ServiceView[]): TicketPage {
  const above = services.find(({ id }) => id === parent)?.parent;
  return { at: 'tree', page: 0, ...(above !== undefined && { parent: above }) };
}

/** A line of a list that can be touched, or that says why it cannot. */
export interface Entry {
  readonly id: string;
  readonly icon: IconName;
  readonly title: Text;
  readonly hint?: Text;
  /** Why not now; its text is in the catalogue. */
  readonly refusal?: ServiceView['refusal'];
  /** Absent: it cannot be touched. `identify`: they are asked who they are. */
  readonly leads?: TicketEvent | { readonly type: 'identify' };
}

const lineText = ({ people, expected }: ServiceView): Text => {
  const line: Text =
    people === 0 ? { zh: '无人等候', en: 'Nobody is waiting' } : { zh: `${people} 人等候`, en: `${people} waiting` };
  if (!expected) return line;
  const wait = waitText(expected);
  return { zh: `${line.zh}，${wait.zh}`, en: `${line.en}, ${wait.en}` };
};

const isHeading = (id: string, services: readonly ServiceView[]): boolean =>
  services.some(({ parent }) => parent === id);

function entryOf(service: ServiceView, services: readonly ServiceView[]): Entry {
  const { id, label, refusal } = service;
  if (isHeading(id, services)) return { id, icon: 'list', title: label, leads: { type: 'open', parent: id } };
  if (refusal) return { id, icon: 'wait', title: label, refusal };
  return { id, icon: 'ticket', title: label, hint: lineText(service), leads: { type: 'wish', wish: { service: id } } };
}

const APPOINTMENT: Readonly<Record<MineView['appointments'][number]['checkIn'], Text>> = {
  early: { zh: '还没到签到时间', en: 'Too early to check in' },
  open: { zh: '可以签到取号', en: 'Check in and take a number' },
  late: { zh: '已迟到，按现在取号排队', en: 'Late: the wait counts from now' },
  over: { zh: '预约已过时，请重新取号', en: 'Over: please take a number for the service' },
};

/** The tickets of the day are gone: whoever has booked has theirs all the same. */
const GONE = 'E-QUEUE-0105';

/** What whoever is known has here: open tickets, appointments, approved requests. `clock` says a time of day. */
export function mineEntries(mine: MineView, services: readonly ServiceView[], clock: (at: number) => string): Entry[] {
  const known = (id: string): ServiceView | undefined => services.find((service) => service.id === id);
  return [
    ...mine.tickets.map((ticket): Entry => ({
      id: `ticket ${ticket.key}`,
      icon: 'done',
      title: { zh: `您的号 ${ticket.number}`, en: `Your number ${ticket.number}` },
      hint: ticket.serviceLabel,
      leads: { type: 'own', ticket },
    })),
    ...mine.appointments.map(({ id, service, label, from, to, checkIn }): Entry => {
      const refusal = known(service)?.refusal;
      const entry = {
        id: `appointment ${id}`,
        icon: 'clock',
        title: label,
        hint: {
          zh: `预约 ${clock(from)}–${clock(to)}，${APPOINTMENT[checkIn].zh}`,
          en: `${clock(from)}–${clock(to)}. ${APPOINTMENT[checkIn].en}`,
        },
      } as const;
      if (checkIn === 'early' || checkIn === 'over') return entry;
      if (refusal && refusal.code !== GONE) return { ...entry, refusal };
      return { ...entry, leads: { type: 'wish', wish: { service, appointment: id } } };
    }),
    ...mine.requests.map(({ id, label, service }): Entry => {
      const refusal = known(service)?.refusal;
      const entry = { id: `request ${id}`, icon: 'paper', title: label } as const;
      if (refusal) return { ...entry, refusal };
      return {
        ...entry,
        hint: { zh: '您已获批的办件，取号到窗口办理', en: 'Approved for you: take a number for the counter' },
        leads: { type: 'wish', wish: { service, request: id } },
      };
    }),
  ];
}

export interface ListSeen {
  readonly services: readonly ServiceView[];
  readonly mine?: MineView | undefined;
  /** Whether somebody can be known here, and is not yet. */
  readonly canIdentify: boolean;
  readonly clock: (at: number) => string;
}

/** Everything of one list, in its order. */
export function entriesOf(page: ListPage, { services, mine, canIdentify, clock }: ListSeen): readonly Entry[] {
  const drawn = (wanted: (service: ServiceView) => boolean): readonly Entry[] =>
    services.filter(wanted).map((service) => entryOf(service, services));
  if (page.at === 'tree') return drawn(({ parent }) => parent === page.parent);
  const quick = drawn(({ quick: first, id }) => first && !isHeading(id, services));
  // Without a quick list the tree begins here.
  const tops = drawn(({ parent }) => parent === undefined);
  const all: Entry = {
    id: 'all',
    icon: 'list',
    title: { zh: '全部业务', en: 'All services' },
    leads: { type: 'open' },
  };
  const identify: Entry = {
    id: 'identify',
    icon: 'person',
    title: { zh: '我的预约和办件', en: 'My appointments and requests' },
    hint: { zh: '刷证件或扫码后查看', en: 'Show a card or a code first' },
    leads: { type: 'identify' },
  };
  return [
    ...(mine ? mineEntries(mine, services, clock) : []),
    ...(quick.length > 0 ? [...quick, all] : tops),
    ...(canIdentify ? [identify] : []),
  ];
}

/** The open ticket that somebody who is known has for a service. */
export const ownFor = (service: string, mine: MineView | undefined): OwnTicketView | undefined =>
  mine?.tickets.find((ticket) => ticket.service === service);

export const serviceOf = (
  wish: TicketWish,
  { services }: Pick<TicketMachineView, 'services'>,
): ServiceView | undefined => services.find(({ id }) => id === wish.service);
