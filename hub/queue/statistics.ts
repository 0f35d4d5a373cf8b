import type { DurationMs, EpochMs } from '@hallhub/sync/base';
import { ms } from '@hallhub/sync/base';
import type { Label } from '../config/index.ts';
import type { StatisticsBy, StatisticsRow, VisitOutcome } from './contract.ts';
import type { Period } from './rules/ticket.ts';
import type { Kept, Promised } from './rules/promise.ts';
import { keptOf, scoreOf } from './rules/promise.ts';
import { wasCalled } from './rules/ticket.ts';

/*
 * Everything is computed from period rows: nothing is counted beside them that could say something else.
 */

/**
 * `served`, `incomplete`, `referred`: as whoever finished it said. `abandoned`: given back, or still in line when the day ended.
 * `unfinished`: the day ended over somebody who had been called, and nobody said what became of them.
 */
export type SegmentEnd = VisitOutcome | 'open' | 'transferred' | 'no-show' | 'abandoned' | 'unfinished';

/** One wait of a ticket and what came of it: a ticket that was transferred has several. */
export interface Segment {
  readonly ticket: string;
  readonly service: string;
  readonly start: EpochMs;
  /** In line, until it was called for the first time or left. */
  readonly waited: DurationMs;
  readonly called: boolean;
  readonly end: SegmentEnd;
  /** Where it was called last, and by whom. */
  readonly counter?: string;
  readonly by?: string;
  /** At the counter and served, interruptions left out; by service, for several may be done in one visit. */
  readonly served: ReadonlyMap<string, DurationMs>;
  /** Of the first wait of a ticket that was called and had been promised something: what became of the promise. */
  readonly kept?: Kept;
}

/** @param periods of one ticket, in their order @param known what was said at its end, and promised at its beginning */
export function segmentsOf(
  ticket: string,
  periods: readonly Period[],
  {
    outcome = 'served',
    expected,
  }: { readonly outcome?: VisitOutcome | undefined; readonly expected?: Promised | undefined } = {},
): readonly Segment[] {
  const cuts = periods.flatMap(({ state }, index) => (state === 'transferred' ? [index] : []));
  const parts = [...cuts, periods.length].map((cut, n) => periods.slice(n === 0 ? 0 : (cuts[n - 1] ?? 0) + 1, cut + 1));
  return parts.flatMap((part, index) => {
    const first = part.find(({ state }) => state === 'waiting') ?? part[0];
    if (!first) return [];
    const firstCall = part.findIndex(({ state }) => state === 'called');
    const inLine = part.slice(0, firstCall < 0 ? undefined : firstCall).filter(({ state }) => state === 'waiting');
    const since = part[0]?.from;
    const until = part[firstCall]?.from;
    const promised = index === 0 && expected && since !== undefined && until !== undefined;
    const call = part.findLast(({ state }) => state === 'called');
    const served = new Map<string, DurationMs>();
    for (const { state, service, from, to } of part)
      if (state === 'serving' && to !== undefined) served.set(service, ms((served.get(service) ?? 0) + (to - from)));
    return [
      {
        ...{
          ticket,
          service: first.service,
          start: first.from,
          called: call !== undefined,
          end: endOf(part, outcome),
          served,
        },
        waited: ms(inLine.reduce((sum, { from, to = from }) => sum + (to - from), 0)),
        ...(call?.counter !== undefined && { counter: call.counter }),
        ...(call?.by !== undefined && { by: call.by }),
        ...(promised && { kept: keptOf(expected, until - since) }),
      },
    ];
  });
}

function endOf(part: readonly Period[], outcome: VisitOutcome): SegmentEnd {
  const state = part.at(-1)?.state;
  switch (state) {
    case 'finished':
      return outcome;
    case 'transferred':
    case 'no-show':
      return state;
    case 'cancelled':
      return 'abandoned';
    case 'expired':
      return wasCalled(part) ? 'unfinished' : 'abandoned';
    default:
      return 'open';
  }
}

export interface Rating {
  readonly service?: string | undefined;
  readonly counter: string;
  readonly by?: string | undefined;
  readonly score: number;
  readonly at: EpochMs;
}

export interface Grouping {
  readonly by: StatisticsBy;
  readonly label: (key: string) => Label;
  /** Longest that somebody should wait for a service. */
  readonly limit: (service: string) => DurationMs | undefined;
  /** `1-09`: Monday, the hour that begins at nine, by the campus clock. */
  readonly hour: (at: EpochMs) => string;
}

/** Counts segment after segment; a report of a year never has them all in hand. */
export interface Tally {
  add(segment: Segment): void;
  rate(rating: Rating): void;
  /** One row for each service, counter, person or hour of the week that had something to do, by its key. */
  rows(): readonly StatisticsRow[];
}

interface Group {
  taken: number;
  readonly ends: Map<SegmentEnd, number>;
  /** Of those who were called. */
  readonly waits: number[];
  limited: number;
  within: number;
  readonly kept: Kept[];
  served: number;
  /** Visits, or parts of visits, with minutes of service. */
  servings: number;
  rated: number;
  score: number;
}

export function createTally({ by, label, limit, hour }: Grouping): Tally {
  const groups = new Map<string, Group>();
  // Whoever was never called belongs to no counter and nobody.
  const groupOf = (key: string | undefined): Group | undefined => {
    if (key === undefined || key === '') return undefined;
    const known = groups.get(key);
    if (known) return known;
    const group: Group = {
      ...{ taken: 0, ends: new Map<SegmentEnd, number>(), waits: [], limited: 0, within: 0, kept: [] },
      ...{ served: 0, servings: 0, rated: 0, score: 0 },
    };
    groups.set(key, group);
    return group;
  };
  const serve = (group: Group | undefined, time: number): void => {
    if (!group || time <= 0) return;
    group.served += time;
    group.servings += 1;
  };
  return {
    add: (segment) => {
      const { service, counter, by: who, start, end, called, waited, served, kept } = segment;
      const group = groupOf({ service, counter, person: who, hour: hour(start) }[by]);
      // What was done on top of a visit is time of its own service, whatever the visit began as.
      if (by === 'service') for (const [one, time] of served) serve(groupOf(one), time);
      if (!group) return;
      if (by !== 'service')
        serve(
          group,
          [...served.values()].reduce<number>((sum, time) => sum + time, 0),
        );
      group.taken += 1;
      group.ends.set(end, (group.ends.get(end) ?? 0) + 1);
      if (kept) group.kept.push(kept);
      if (!called) return;
      group.waits.push(waited);
      const most = limit(service);
      if (most === undefined) return;
      group.limited += 1;
      if (waited <= most) group.within += 1;
    },
    rate: ({ service, counter, by: who, at, score }) => {
      const key = { service, counter, person: who, hour: hour(at) }[by];
      // A rating makes no row: where nobody took a number there is nothing to count.
      const group = key === undefined ? undefined : groups.get(key);
      if (!group) return;
      group.rated += 1;
      group.score += score;
    },
    rows: () =>
      [...groups]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, group]) => {
          const waits = Float64Array.from(group.waits).sort();
          const target = by === 'service' ? limit(key) : undefined;
          const count = (end: SegmentEnd): number => group.ends.get(end) ?? 0;
          return {
            ...{ key, label: label(key), taken: group.taken, called: waits.length },
            ...{ served: count('served'), incomplete: count('incomplete'), referred: count('referred') },
            ...{ noShow: count('no-show'), abandoned: count('abandoned'), unfinished: count('unfinished') },
            waitMean: meanOf(
              waits.reduce((sum, wait) => sum + wait, 0),
              waits.length,
            ),
            waitP50: quantile(waits, 0.5),
            waitP90: quantile(waits, 0.9),
            serviceMean: meanOf(group.served, group.servings),
            ...(target !== undefined && { limit: target }),
            ...(group.limited > 0 && { withinLimit: group.within / group.limited }),
            ...(group.kept.length > 0 && { promise: scoreOf(group.kept) }),
            ...(group.rated > 0 && { rating: { mean: group.score / group.rated, count: group.rated } }),
          };
        }),
  };
}

export function statisticsRows(
  segments: readonly Segment[],
  ratings: readonly Rating[],
  grouping: Grouping,
): readonly StatisticsRow[] {
  const tally = createTally(grouping);
  for (const segment of segments) tally.add(segment);
  for (const rating of ratings) tally.rate(rating);
  return tally.rows();
}

const meanOf = (sum: number, count: number): DurationMs => ms(count === 0 ? 0 : Math.round(sum / count));

/** The nearest rank. @param sorted ascending */
export const quantile = (sorted: ArrayLike<number>, share: number): DurationMs =>
  ms(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
