import type { DurationMs, EpochMs } from '@hallhub/sync/base';
import { ms } from '@hallhub/sync/base';
import type { Label } from '../config/index.ts';
import type { StatisticsBy, StatisticsRow } from './contract.ts';
import type { Period } from './rules/ticket.ts';

/*
 * Everything is computed from period rows: nothing is counted beside them that could say something else.
 */

/** One wait of a ticket and what came of it: a ticket that was transferred has several. */
export interface Segment {
  readonly ticket: string;
  readonly service: string;
  readonly start: EpochMs;
  /** In line, until it was called for the first time or left. */
  readonly waited: DurationMs;
  readonly called: boolean;
  readonly end: 'open' | 'served' | 'transferred' | 'no-show' | 'abandoned';
  /** Where it was called last, and by whom. */
  readonly counter?: string;
  readonly by?: string;
  /** At the counter and served, interruptions left out; by service, for several may be done in one visit. */
  readonly served: ReadonlyMap<string, DurationMs>;
}

/** @param periods of one ticket, in their order */
export function segmentsOf(ticket: string, periods: readonly Period[]): readonly Segment[] {
  const cuts = periods.flatMap(({ state }, index) => (state === 'transferred' ? [index] : []));
  const parts = [...cuts, periods.length].map((cut, n) => periods.slice(n === 0 ? 0 : (cuts[n - 1] ?? 0) + 1, cut + 1));
  return parts.flatMap((part) => {
    const first = part.find(({ state }) => state === 'waiting') ?? part[0];
    const last = part.at(-1);
    if (!first || !last) return [];
    const firstCall = part.findIndex(({ state }) => state === 'called');
    const inLine = part.slice(0, firstCall < 0 ? undefined : firstCall).filter(({ state }) => state === 'waiting');
    const call = part.findLast(({ state }) => state === 'called');
    const served = new Map<string, DurationMs>();
    for (const { state, service, from, to } of part)
      if (state === 'serving' && to !== undefined) served.set(service, ms((served.get(service) ?? 0) + (to - from)));
    return [
      {
        ...{ ticket, service: first.service, start: first.from, called: call !== undefined, end: endOf(last), served },
        waited: ms(inLine.reduce((sum, { from, to = from }) => sum + (to - from), 0)),
        ...(call?.counter !== undefined && { counter: call.counter }),
        ...(call?.by !== undefined && { by: call.by }),
      },
    ];
  });
}

function endOf({ state }: Period): Segment['end'] {
  switch (state) {
    case 'finished':
      return 'served';
    case 'transferred':
    case 'no-show':
      return state;
    case 'cancelled':
    case 'expired':
      return 'abandoned';
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

/** One row for each service, counter, person or hour of the week that had something to do, by its key. */
export function statisticsRows(
  segments: readonly Segment[],
  ratings: readonly Rating[],
  { by, label, limit, hour }: Grouping,
): readonly StatisticsRow[] {
  const keyOf = ({ service, counter, by: who, start }: Segment): string | undefined =>
    ({ service, counter, person: who, hour: hour(start) })[by];
  const ratingKey = ({ service, counter, by: who, at }: Rating): string | undefined =>
    ({ service, counter, person: who, hour: hour(at) })[by];
  const groups = Map.groupBy(segments, (segment) => keyOf(segment) ?? '');
  // What was done on top of a visit is time of its own service, whatever the visit began as.
  const timesOf = (key: string): readonly number[] =>
    by === 'service'
      ? segments.flatMap(({ served }) => served.get(key) ?? []).filter((time) => time > 0)
      : (groups.get(key) ?? []).flatMap(({ served }) => {
          const whole = [...served.values()].reduce<number>((sum, time) => sum + time, 0);
          return whole > 0 ? [whole] : [];
        });
  const onTop = by === 'service' ? segments.flatMap(({ served }) => [...served.keys()]) : [];
  const scores = Map.groupBy(ratings, (rating) => ratingKey(rating) ?? '');
  return (
    [...new Set([...groups.keys(), ...onTop])]
      // Whoever was never called belongs to no counter and nobody.
      .filter((key) => key !== '')
      .sort()
      .map((key) => {
        const group = groups.get(key) ?? [];
        const called = group.filter((segment) => segment.called);
        const waits = called.map(({ waited }) => waited).sort((a, b) => a - b);
        const limited = called.filter(({ service }) => limit(service) !== undefined);
        const within = limited.filter(({ service, waited }) => waited <= (limit(service) ?? 0));
        const count = (end: Segment['end']): number => group.filter((segment) => segment.end === end).length;
        const rated = scores.get(key) ?? [];
        const target = by === 'service' ? limit(key) : undefined;
        return {
          ...{ key, label: label(key), taken: group.length, served: count('served'), noShow: count('no-show') },
          abandoned: count('abandoned'),
          waitMean: mean(waits),
          waitP50: quantile(waits, 0.5),
          waitP90: quantile(waits, 0.9),
          serviceMean: mean(timesOf(key)),
          ...(target !== undefined && { limit: target }),
          ...(limited.length > 0 && { withinLimit: within.length / limited.length }),
          ...(rated.length > 0 && {
            rating: { mean: plainMean(rated.map(({ score }) => score)), count: rated.length },
          }),
        };
      })
  );
}

const plainMean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
const mean = (values: readonly number[]): DurationMs => ms(Math.round(plainMean(values)));

/** The nearest rank. @param sorted ascending */
export const quantile = (sorted: readonly number[], share: number): DurationMs =>
  ms(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
