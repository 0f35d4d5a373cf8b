import type { StatisticsRow } from '../../../queue/contract.ts';

/*
 * What the statistics page draws of the rows. Pure.
 */

export interface HeatCell {
  /** ISO 8601: 1 Monday to 7 Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly row: StatisticsRow | undefined;
  /** Share of the busiest hour, 0 to 1. */
  readonly heat: number;
}

export interface Heat {
  readonly hours: readonly number[];
  /** One line a weekday; all of the same hours. */
  readonly days: readonly { readonly weekday: number; readonly cells: readonly HeatCell[] }[];
}

const KEY = /^([1-7])-([01]\d|2[0-3])$/;

/** The week as a map of hours, from rows whose keys are `1-09`: Monday, the hour that begins at nine. Empty without rows. */
export function heatOf(rows: readonly StatisticsRow[]): Heat {
  const known = new Map<string, StatisticsRow>();
  const hours: number[] = [];
  const weekdays: number[] = [];
  for (const row of rows) {
    const [, weekday, hour] = KEY.exec(row.key) ?? [];
    if (weekday === undefined || hour === undefined) continue;
    known.set(row.key, row);
    weekdays.push(Number(weekday));
    hours.push(Number(hour));
  }
  if (hours.length === 0) return { hours: [], days: [] };
  const busiest = Math.max(1, ...[...known.values()].map(({ taken }) => taken));
  const first = Math.min(...hours);
  const shown = Array.from({ length: Math.max(...hours) - first + 1 }, (_, index) => first + index);
  // A working week at least; the weekend where something was done.
  const days = Array.from({ length: Math.max(5, ...weekdays) }, (_, index) => index + 1);
  return {
    hours: shown,
    days: days.map((weekday) => ({
      weekday,
      cells: shown.map((hour) => {
        const row = known.get(`${weekday}-${String(hour).padStart(2, '0')}`);
        return { weekday, hour, row, heat: (row?.taken ?? 0) / busiest };
      }),
    })),
  };
}

export interface Totals {
  readonly taken: number;
  readonly served: number;
  /** Came, and went without what they came for. */
  readonly undone: number;
  readonly noShow: number;
  readonly abandoned: number;
  readonly unfinished: number;
  /** Of those who were called, milliseconds; undefined where nobody was. */
  readonly waitMean: number | undefined;
  /** Share of those called within the limits; undefined where no service has one. */
  readonly within: number | undefined;
  /** Share of those called within what was promised with their number; undefined where nothing was. */
  readonly held: number | undefined;
  readonly rating: { readonly mean: number; readonly count: number } | undefined;
}

const sum = (rows: readonly StatisticsRow[], of: (row: StatisticsRow) => number): number =>
  rows.reduce((total, row) => total + of(row), 0);
const called = (row: StatisticsRow): number => row.called;

/** All rows together; means weighted by how many they are of. */
export function totalsOf(rows: readonly StatisticsRow[]): Totals {
  const calls = sum(rows, called);
  const limited = rows.filter(({ withinLimit }) => withinLimit !== undefined);
  const limitedCalls = sum(limited, called);
  const promises = sum(rows, ({ promise }) => promise?.count ?? 0);
  const ratings = sum(rows, ({ rating }) => rating?.count ?? 0);
  return {
    taken: sum(rows, ({ taken }) => taken),
    served: sum(rows, ({ served }) => served),
    undone: sum(rows, ({ incomplete, referred }) => incomplete + referred),
    noShow: sum(rows, ({ noShow }) => noShow),
    abandoned: sum(rows, ({ abandoned }) => abandoned),
    unfinished: sum(rows, ({ unfinished }) => unfinished),
    waitMean: calls === 0 ? undefined : sum(rows, (row) => row.waitMean * called(row)) / calls,
    within: limitedCalls === 0 ? undefined : sum(limited, (row) => (row.withinLimit ?? 0) * called(row)) / limitedCalls,
    held:
      promises === 0 ? undefined : sum(rows, ({ promise }) => (promise ? promise.held * promise.count : 0)) / promises,
    rating:
      ratings === 0
        ? undefined
        : { mean: sum(rows, ({ rating }) => (rating ? rating.mean * rating.count : 0)) / ratings, count: ratings },
  };
}

/** YYYY-MM-DD of an instant in a time zone. */
export const dayOf = (at: number, timeZone: string | undefined): string =>
  new Intl.DateTimeFormat('en-CA', {
    ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
    ...(timeZone !== undefined && { timeZone }),
  }).format(at);
