import type { Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import { csv } from '../api/csv.ts';
import type { Label } from '../config/index.ts';
import type { StatisticsBy, StatisticsView } from './contract.ts';
import type { Halls } from './halls.ts';
import { dayAfter } from './halls.ts';
import { segmentsOf, statisticsRows } from './statistics.ts';
import type { DeskStore } from './store/desk.ts';
import type { TicketStore } from './store/tickets.ts';
import { xlsx } from './xlsx.ts';

export interface ReportQuery {
  readonly hall: string;
  /** YYYY-MM-DD, both ends included. */
  readonly from: string;
  readonly to: string;
  readonly by: StatisticsBy;
}

export interface Reports {
  /** Errors: `E-QUEUE-0101`, `E-QUEUE-0115` more than a year. */
  statistics(query: ReportQuery): Result<StatisticsView>;
}

const MOST_DAYS = 366;
const WEEKDAYS: readonly Label[] = [
  { zh: '周一', en: 'Mon' },
  { zh: '周二', en: 'Tue' },
  { zh: '周三', en: 'Wed' },
  { zh: '周四', en: 'Thu' },
  { zh: '周五', en: 'Fri' },
  { zh: '周六', en: 'Sat' },
  { zh: '周日', en: 'Sun' },
];

export function createReports(deps: {
  readonly halls: Halls;
  readonly tickets: TicketStore;
  readonly desk: DeskStore;
  /** The name of an account. */
  readonly nameOf: (accountId: string) => string | undefined;
}): Reports {
  const { halls, tickets, desk } = deps;
  return {
    statistics: ({ hall: hallId, from, to, by }) => {
      const found = halls.get(hallId);
      if (!found.ok) return found;
      const hall = found.value;
      if (to > dayAfter(from, MOST_DAYS)) return failure('E-QUEUE-0115');
      const label = (key: string): Label => {
        if (by === 'hour') {
          const [weekday = '', hour = ''] = key.split('-');
          const day = WEEKDAYS[Number(weekday) - 1] ?? { zh: weekday, en: weekday };
          return { zh: `${day.zh} ${hour} 时`, en: `${day.en} ${hour}:00` };
        }
        if (by === 'person') {
          const name = deps.nameOf(key) ?? key;
          return { zh: name, en: name };
        }
        const list: readonly { readonly id: string; readonly label: Label }[] =
          by === 'service' ? hall.services : hall.counters;
        return list.find(({ id }) => id === key)?.label ?? { zh: key, en: key };
      };
      const segments = tickets.ofDays(hallId, from, to).flatMap(({ row, periods }) => segmentsOf(row.id, periods));
      const ratings = desk.ratings(hallId, from, to).map(({ service, counter, accountId, score, at }) => ({
        ...{ service: service ?? undefined, counter, by: accountId ?? undefined, score, at },
      }));
      const rows = statisticsRows(segments, ratings, {
        ...{ by, label },
        limit: (service) => hall.services.find(({ id }) => id === service)?.waitLimit,
        hour: (at) => {
          const { weekday, minute } = halls.local(at);
          return `${weekday}-${String(Math.floor(minute / 60)).padStart(2, '0')}`;
        },
      });
      return ok({ hall: hallId, from, to, by, rows });
    },
  };
}

const COLUMNS = [
  '项目 Item',
  '取号 Taken',
  '办结 Served',
  '过号 No-show',
  '放弃 Abandoned',
  '平均等候(分) Wait mean (min)',
  '等候中位(分) Wait P50 (min)',
  '等候90%(分) Wait P90 (min)',
  '平均办理(分) Service mean (min)',
  '等候目标(分) Wait limit (min)',
  '达标率 Within limit',
  '评分 Rating',
  '评价数 Ratings',
] as const;

const minutesOf = (value: number): number => Math.round(value / 6_000) / 10;

const table = ({ rows }: StatisticsView): readonly (readonly (string | number)[])[] => [
  COLUMNS,
  ...rows.map((row) => [
    `${row.label.zh}${row.label.zh === row.label.en ? '' : ` ${row.label.en}`}`,
    ...[row.taken, row.served, row.noShow, row.abandoned],
    ...[row.waitMean, row.waitP50, row.waitP90, row.serviceMean].map(minutesOf),
    row.limit === undefined ? '' : minutesOf(row.limit),
    row.withinLimit === undefined ? '' : Math.round(row.withinLimit * 1_000) / 1_000,
    ...(row.rating ? [Math.round(row.rating.mean * 100) / 100, row.rating.count] : ['', '']),
  ]),
];

export const statisticsCsv = (view: StatisticsView): string => csv(table(view).map((row) => row.map(String)));
export const statisticsXlsx = (view: StatisticsView): Buffer => xlsx('Statistics', table(view));
