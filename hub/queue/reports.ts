import { setImmediate } from 'node:timers/promises';
import type { Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import { csv } from '../api/csv.ts';
import type { Label } from '../config/index.ts';
import type { StatisticsBy, StatisticsView } from './contract.ts';
import type { Halls } from './halls.ts';
import { dayAfter } from './halls.ts';
import { createTally, segmentsOf } from './statistics.ts';
import type { DeskStore } from './store/desk.ts';
import type { TicketRow, TicketStore } from './store/tickets.ts';
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
  statistics(query: ReportQuery): Promise<Result<StatisticsView>>;
}

const MOST_DAYS = 366;
/** So many tickets are read and counted in one go; a year of a busy hall is hundreds of goes. */
const SLICE = 250;
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
  /** Between two slices: whatever else the hub has to do. */
  readonly breathe?: () => Promise<void>;
}): Reports {
  const { halls, tickets, desk, breathe = () => setImmediate() } = deps;
  return {
    statistics: async ({ hall: hallId, from, to, by }) => {
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
      const tally = createTally({
        ...{ by, label },
        limit: (service) => hall.services.find(({ id }) => id === service)?.waitLimit,
        hour: (at) => {
          const { weekday, minute } = halls.local(at);
          return `${weekday}-${String(Math.floor(minute / 60)).padStart(2, '0')}`;
        },
      });
      for (let day = from; day <= to; day = dayAfter(day, 1)) {
        let after: TicketRow | undefined;
        do {
          const slice = tickets.ofDay(hallId, day, SLICE, after);
          for (const row of slice)
            for (const segment of segmentsOf(row.id, tickets.periods(row.id), row)) tally.add(segment);
          after = slice.length === SLICE ? slice.at(-1) : undefined;
          await breathe();
        } while (after);
        for (const { service, counter, accountId, score, at } of desk.ratings(hallId, day, day))
          tally.rate({ service: service ?? undefined, counter, by: accountId ?? undefined, score, at });
      }
      return ok({ hall: hallId, from, to, by, rows: tally.rows() });
    },
  };
}

const COLUMNS = [
  '项目 Item',
  '取号 Taken',
  '办结 Served',
  '未办成 Incomplete',
  '转办 Referred',
  '过号 No-show',
  '放弃 Abandoned',
  '未了结 Unfinished',
  '平均等候(分) Wait mean (min)',
  '等候中位(分) Wait P50 (min)',
  '等候90%(分) Wait P90 (min)',
  '平均办理(分) Service mean (min)',
  '等候目标(分) Wait limit (min)',
  '达标率 Within limit',
  '预计准确率 Promise held',
  '预计误差中位(分) Promise error P50 (min)',
  '评分 Rating',
  '评价数 Ratings',
] as const;

const minutesOf = (value: number): number => Math.round(value / 6_000) / 10;

const table = ({ rows }: StatisticsView): readonly (readonly (string | number)[])[] => [
  COLUMNS,
  ...rows.map((row) => [
    `${row.label.zh}${row.label.zh === row.label.en ? '' : ` ${row.label.en}`}`,
    ...[row.taken, row.served, row.incomplete, row.referred, row.noShow, row.abandoned, row.unfinished],
    ...[row.waitMean, row.waitP50, row.waitP90, row.serviceMean].map(minutesOf),
    row.limit === undefined ? '' : minutesOf(row.limit),
    row.withinLimit === undefined ? '' : Math.round(row.withinLimit * 1_000) / 1_000,
    ...(row.promise ? [Math.round(row.promise.held * 1_000) / 1_000, minutesOf(row.promise.error)] : ['', '']),
    ...(row.rating ? [Math.round(row.rating.mean * 100) / 100, row.rating.count] : ['', '']),
  ]),
];

export const statisticsCsv = (view: StatisticsView): string => csv(table(view).map((row) => row.map(String)));
export const statisticsXlsx = (view: StatisticsView): Buffer => xlsx('Statistics', table(view));
