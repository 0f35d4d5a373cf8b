import type { Summarise } from '../summary.ts';
import { waiting } from '../summary.ts';
import type { Cards } from './service.ts';

export const cardsSummary =
  (cards: Pick<Cards, 'open'>): Summarise =>
  () => {
    const open = cards.open();
    return {
      domain: 'cards',
      title: { zh: '校园卡充值', en: 'Card top-ups' },
      figures: [{ text: { zh: '进行中', en: 'Under way' }, value: open.length }],
      attention: waiting({
        text: { zh: '已付款、到账待核实', en: 'Paid, and not known to be credited' },
        count: open.filter(({ state, refundWanted }) => state === 'credit-unknown' && !refundWanted).length,
        page: '/top-ups',
      }),
    };
  };
