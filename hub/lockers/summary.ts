import type { Summarise } from '../summary.ts';
import { waiting } from '../summary.ts';
import type { Lockers } from './compose.ts';

export const lockersSummary =
  ({ chain, readings, rows, config, peers }: Lockers, now: () => number): Summarise =>
  () => {
    const { ready, held, away } = readings.counts(chain.me);
    const expired = rows.waiting().filter(({ expiresAt }) => expiresAt !== null && now() >= expiresAt).length;
    const page = '/lockers';
    return {
      domain: 'lockers',
      title: { zh: '文件柜与交接', en: 'Lockers and custody' },
      figures: [
        { text: { zh: '待取', en: 'Ready to collect' }, value: ready },
        { text: { zh: '在此处理', en: 'Held here' }, value: held },
        { text: { zh: '在途', en: 'Under way' }, value: away },
      ],
      attention: waiting(
        { text: { zh: '未了结的交接异常', en: 'Open cases' }, count: readings.openCases().length, page },
        { text: { zh: '逾期未取', en: 'Not collected in time' }, count: expired, page },
        {
          text: { zh: '联系不上的校区', en: 'Campuses that cannot be heard' },
          count: config.peers.filter(({ hub }) => peers.trouble(hub) !== undefined).length,
          page,
        },
      ),
    };
  };
