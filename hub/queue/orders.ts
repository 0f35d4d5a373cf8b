import type { LeftTickets, TransferPlace, VisitOutcome } from './contract.ts';

/** What is ordered at a counter, from its page or its keypad. */
export type CounterOrder =
  | { readonly do: 'next' | 'back' }
  | { readonly do: 'recall' }
  | { readonly do: 'begin' }
  | { readonly do: 'no-show' }
  /** Out of order; the reason is kept. */
  | { readonly do: 'call'; readonly ticket: string; readonly reason: string }
  | { readonly do: 'hold'; readonly note?: string }
  | { readonly do: 'resume'; readonly ticket: string }
  | { readonly do: 'park'; readonly to: 'pool' | { readonly counter: string }; readonly note?: string }
  | {
      readonly do: 'transfer';
      readonly service?: string;
      readonly counter?: string;
      readonly place: TransferPlace;
    }
  | { readonly do: 'add-service'; readonly service: string; readonly quantity: number }
  | { readonly do: 'finish'; readonly outcome: VisitOutcome; readonly note?: string }
  /** Of a ticket at this counter, or of one that waits in the hall. */
  | { readonly do: 'class'; readonly ticket: string; readonly class: string }
  | { readonly do: 'break'; readonly reason?: string }
  /** `left`: what becomes of those who were held, parked or sent there; absent: anybody goes on with them. */
  | { readonly do: 'close'; readonly reason?: string; readonly left?: LeftTickets };
