import type { TopUpView } from '@hallhub/hub/kiosks/contract';

/*
 * The way through the campus card's pages, and what a top-up's state means for whoever waits before it. Pure.
 */

export type CardPage =
  | { readonly at: 'overview' }
  | { readonly at: 'transactions'; readonly page: number }
  | { readonly at: 'lost' }
  | { readonly at: 'amounts' }
  | { readonly at: 'pay'; readonly order: TopUpView };

export type CardEvent =
  | { readonly type: 'open'; readonly page: 'transactions' | 'lost' | 'amounts' }
  | { readonly type: 'turn'; readonly page: number }
  | { readonly type: 'order'; readonly order: TopUpView }
  | { readonly type: 'back' };

export const START: CardPage = { at: 'overview' };

/**
 * `to-pay`: the code on the screen waits. `under-way`: paid, not yet on the card. `done`: on the card.
 * `unknown`: paid, and nobody can say yet whether it is on the card; it is never paid or credited again, but looked into.
 * `nothing`: not paid. `back`: paid, and given back.
 */
export type Progress = 'to-pay' | 'under-way' | 'done' | 'unknown' | 'nothing' | 'back';

const PROGRESS: Readonly<Record<TopUpView['state'], Progress>> = {
  created: 'to-pay',
  paying: 'to-pay',
  paid: 'under-way',
  crediting: 'under-way',
  credited: 'done',
  'credit-unknown': 'unknown',
  closed: 'nothing',
  refunding: 'back',
  refunded: 'back',
};
export const progressOf = ({ state }: TopUpView): Progress => PROGRESS[state];

/** The server will not say anything new of it while somebody stands here. */
export function isSettled(order: TopUpView): boolean {
  const progress = progressOf(order);
  return progress !== 'to-pay' && progress !== 'under-way';
}

/** One step. An order that is under way is left by nothing but its own end, or by leaving the kiosk. */
export function turn(page: CardPage, event: CardEvent): CardPage {
  switch (event.type) {
    case 'open':
      if (page.at !== 'overview') return page;
      return event.page === 'transactions' ? { at: 'transactions', page: 0 } : { at: event.page };
    case 'turn':
      return page.at === 'transactions' ? { at: 'transactions', page: event.page } : page;
    case 'order':
      if (page.at === 'amounts') return { at: 'pay', order: event.order };
      return page.at === 'pay' && page.order.orderId === event.order.orderId ? { at: 'pay', order: event.order } : page;
    case 'back':
      return page.at === 'pay' && !isSettled(page.order) ? page : START;
  }
}
