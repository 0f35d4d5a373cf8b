import type { LockerOrderView, LockerPassView, Presented, Size } from '@hallhub/hub/lockers/contract';

/*
 * The way to a compartment: show something → which of several → how large, or is it this door → the door → what became of it.
 * Pure; what is asked of the agent is done by the screens. A page without a session names no compartment.
 */

/** Somebody who has shown something, with what is still to be done for them. */
export interface Visit {
  readonly session: string;
  readonly passes: readonly LockerPassView[];
}

export type LockerPage =
  /** Nobody is there yet: a card or a QR code is listened for; `typing`: the keypad beside it. */
  | { readonly at: 'show'; readonly typing: boolean }
  | { readonly at: 'passes'; readonly visit: Visit; readonly page: number }
  /** `tooSmall`: what did not fit a moment ago. */
  | { readonly at: 'size'; readonly visit: Visit; readonly pass: LockerPassView; readonly tooSmall?: Size }
  /** Something is to be taken out: in front of which door they have to stand. */
  | { readonly at: 'ready'; readonly visit: Visit; readonly pass: LockerPassView }
  /** `size`: what was asked for; `stuck`: the door that did not open, in whose place another one is opened. */
  | {
      readonly at: 'order';
      readonly visit: Visit;
      readonly pass: LockerPassView;
      readonly order: LockerOrderView;
      readonly size: Size;
      readonly stuck?: string;
    }
  | {
      readonly at: 'ended';
      readonly visit: Visit;
      readonly pass: LockerPassView;
      readonly order: LockerOrderView;
      readonly size: Size;
    }
  /** The agent knows them no more; `midway`: a door of theirs may still stand open. */
  | { readonly at: 'over'; readonly midway: boolean };

export type LockerEvent =
  | { readonly type: 'typing'; readonly on: boolean }
  | { readonly type: 'presented'; readonly presented: Presented }
  | { readonly type: 'turn'; readonly page: number }
  | { readonly type: 'choose'; readonly pass: string }
  /** An order was given for the pass of this page. */
  | { readonly type: 'begun'; readonly order: LockerOrderView; readonly size: Size }
  /** An order as the agent has it now. */
  | { readonly type: 'seen'; readonly order: LockerOrderView }
  /** From an end: the next of several, or the same once more. */
  | { readonly type: 'on' }
  | { readonly type: 'back' }
  | { readonly type: 'over' };

export const START: LockerPage = { at: 'show', typing: false };

/** Whose page this is; undefined: nobody's. */
export const sessionOf = (page: LockerPage): string | undefined => ('visit' in page ? page.visit.session : undefined);

/** The order to ask the agent about: another door may have taken the place of the first. */
export const followed = (page: LockerPage): string | undefined =>
  page.at === 'order' ? (page.order.next ?? page.order.id) : undefined;

const isDone = ({ outcome }: LockerOrderView): boolean =>
  outcome === 'stored' || outcome === 'collected' || outcome === 'served';

/** Nothing more can be done about it at this screen: what lies there nobody can say, or what was to be had is behind a stuck door. */
const isOver = (order: LockerOrderView): boolean =>
  isDone(order) || order.outcome === 'unclear' || (order.outcome === 'not-opened' && order.purpose !== 'deposit');

/** What an end leads to: `more`: the next of several; `again`: the same once more; none: only staff can help, or all is done. */
export function onFrom({ visit, order }: Extract<LockerPage, { at: 'ended' }>): 'more' | 'again' | undefined {
  if (!isOver(order)) return 'again';
  return visit.passes.length > 0 ? 'more' : undefined;
}

/** What is done for a pass first. */
const firstFor = (visit: Visit, pass: LockerPassView): LockerPage => ({
  at: pass.purpose === 'deposit' ? 'size' : 'ready',
  visit,
  pass,
});

function entry(visit: Visit): LockerPage {
  const [only, ...others] = visit.passes;
  if (!only) return START;
  return others.length > 0 ? { at: 'passes', visit, page: 0 } : firstFor(visit, only);
}

type OrderPage = Extract<LockerPage, { at: 'order' }>;

function follow(page: OrderPage, order: LockerOrderView): LockerPage {
  const { visit, pass, size } = page;
  if (order.state !== 'ended') return { ...page, order };
  if (order.next !== undefined) return { ...page, order, stuck: order.compartment };
  const passes = isOver(order) ? visit.passes.filter(({ id }) => id !== pass.id) : visit.passes;
  return { at: 'ended', visit: { ...visit, passes }, pass, order, size };
}

function on(page: Extract<LockerPage, { at: 'ended' }>): LockerPage {
  switch (onFrom(page)) {
    case 'more':
      return entry(page.visit);
    case 'again': {
      const { visit, pass, order, size } = page;
      const isTooSmall = pass.purpose === 'deposit' && order.outcome === 'cancelled';
      return isTooSmall ? { at: 'size', visit, pass, tooSmall: size } : firstFor(visit, pass);
    }
    case undefined:
      return page;
  }
}

/** One step; what does not fit the page it comes to changes nothing. */
export function turn(page: LockerPage, event: LockerEvent): LockerPage {
  switch (event.type) {
    case 'typing':
      return page.at === 'show' ? { ...page, typing: event.on } : page;
    case 'presented':
      return page.at === 'show' ? entry(event.presented) : page;
    case 'turn':
      return page.at === 'passes' ? { ...page, page: event.page } : page;
    case 'choose': {
      if (page.at !== 'passes') return page;
      const pass = page.visit.passes.find(({ id }) => id === event.pass);
      return pass ? firstFor(page.visit, pass) : page;
    }
    case 'begun': {
      if (page.at !== 'size' && page.at !== 'ready') return page;
      const { visit, pass } = page;
      return follow({ at: 'order', visit, pass, order: event.order, size: event.size }, event.order);
    }
    case 'seen':
      // A late answer about a door that another one has replaced says nothing any more.
      return page.at === 'order' && followed(page) === event.order.id ? follow(page, event.order) : page;
    case 'on':
      return page.at === 'ended' ? on(page) : page;
    case 'back':
      if (page.at === 'over') return START;
      if (page.at === 'show') return { ...page, typing: false };
      if (page.at !== 'size' && page.at !== 'ready' && page.at !== 'passes') return page;
      return page.at !== 'passes' && page.visit.passes.length > 1
        ? { at: 'passes', visit: page.visit, page: 0 }
        : START;
    case 'over':
      return 'visit' in page ? { at: 'over', midway: page.at === 'order' } : page;
  }
}

/** Where in the line of steps a page is. */
export function stepOf(page: LockerPage): number {
  switch (page.at) {
    case 'show':
    case 'over':
      return 0;
    case 'passes':
    case 'size':
    case 'ready':
      return 1;
    case 'order':
      return page.order.state === 'asking' ? 3 : 2;
    case 'ended':
      return 3;
  }
}

/** The size to begin with: what was approved, or the next one above what did not fit, if there is one free; else any larger. */
export function bestSize(
  sizes: readonly Size[],
  free: Readonly<Record<Size, number>>,
  approved: Size,
  tooSmall: Size | undefined,
): Size | undefined {
  const from = tooSmall === undefined ? sizes.indexOf(approved) : sizes.indexOf(tooSmall) + 1;
  return sizes.slice(from).find((size) => free[size] > 0);
}
