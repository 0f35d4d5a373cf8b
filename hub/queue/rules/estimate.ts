import type { DurationMs, EpochMs } from '@hallhub/sync/base';
import { epochMs, ms } from '@hallhub/sync/base';
import type { Calling, CallingRule, VisitorClass, Waiting } from './calling.ts';
import { lineOf } from './line.ts';

/*
 * How long somebody will wait, from a run of the hall's own calling rule over the counters that are at work: who is called in
 * which order is what the rule would do, how long each takes is what the service took lately. Run twice, quick and slow, it gives
 * a range.
 */

/** A counter at work, and since when it has been busy with what. */
export interface CounterAtWork {
  readonly id: string;
  readonly services: ReadonlySet<string>;
  readonly busy?: { readonly service: string; readonly since: EpochMs };
}

/** What a service takes: the quick and the slow quarter, and the mean without its extremes. */
export interface ServiceTime {
  readonly quick: DurationMs;
  readonly mean: DurationMs;
  readonly slow: DurationMs;
}

export interface HallNow {
  readonly now: EpochMs;
  readonly rule: CallingRule;
  readonly classes: Readonly<Record<string, VisitorClass>>;
  readonly firstCap: number;
  readonly firstInRow: number;
  readonly callBy: Calling['callBy'];
  readonly counters: readonly CounterAtWork[];
  readonly waiting: readonly Waiting[];
  readonly times: (service: string) => ServiceTime;
}

export interface WaitRange {
  readonly from: DurationMs;
  readonly to: DurationMs;
}

const TRIM = 0.1;
/** Of a service that already takes longer than it should, so much of its usual time is still to come. */
const STILL = 0.2;
/** Between the end of one visit and the start of the next: the walk to the counter. */
const WALK = 15_000;
/** A run this long says nothing about today any more. */
const MOST_CALLS = 500;

/** The mean without the shortest and the longest tenth; undefined without samples. */
export function trimmedMean(samples: readonly number[]): number | undefined {
  if (samples.length === 0) return undefined;
  const sorted = [...samples].sort((a, b) => a - b);
  const cut = Math.floor(sorted.length * TRIM);
  const kept = sorted.slice(cut, sorted.length - cut);
  return kept.reduce((sum, value) => sum + value, 0) / kept.length;
}

/** What a service takes, from its last visits and what was configured, which weighs like five of them. */
export function serviceTime(samples: readonly DurationMs[], usual: DurationMs): ServiceTime {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? usual;
  const weight = Math.min(1, samples.length / (samples.length + 5));
  const blend = (value: number, otherwise: number): DurationMs =>
    ms(Math.round(value * weight + otherwise * (1 - weight)));
  const mean = blend(trimmedMean(samples) ?? usual, usual);
  return {
    quick: ms(Math.min(mean, blend(at(0.25), usual * 0.7))),
    mean,
    slow: ms(Math.max(mean, blend(at(0.75), usual * 1.4))),
  };
}

/**
 * When each of those who wait can expect to be called, counted from now; whoever no counter at work can serve is left out. Never
 * less than nothing, and the far end never before the near one.
 */
export function expectedWaits(hall: HallNow): ReadonlyMap<string, WaitRange> {
  const [quick, slow] = [run(hall, 'quick'), run(hall, 'slow')];
  const waits = new Map<string, WaitRange>();
  for (const { id } of hall.waiting) {
    const [a, b] = [quick.get(id), slow.get(id)];
    if (a === undefined || b === undefined) continue;
    waits.set(id, { from: ms(Math.min(a, b)), to: ms(Math.max(a, b)) });
  }
  return waits;
}

/** What somebody who took a ticket now could expect. */
export function expectedFor(hall: HallNow, newcomer: Waiting): WaitRange | undefined {
  return expectedWaits({ ...hall, waiting: [...hall.waiting, newcomer] }).get(newcomer.id);
}

function run(hall: HallNow, pace: keyof ServiceTime): ReadonlyMap<string, number> {
  const lasts = (service: string): DurationMs => hall.times(service)[pace];
  const left = ({ busy }: CounterAtWork): number => {
    if (!busy) return 0;
    const usual = lasts(busy.service);
    return Math.max(usual * STILL, usual - (hall.now - busy.since)) + WALK;
  };
  const counters = hall.counters.map((counter) => ({ counter, freeAt: hall.now + left(counter) }));
  const called = new Map<string, number>();
  const line = lineOf(hall.waiting);
  let firstInRow = hall.firstInRow;
  // Counters that found nobody stay out of the run, until somebody's time comes.
  const idle = new Set<string>();
  for (let calls = 0; calls < MOST_CALLS && line.size > 0; calls += 1) {
    const next = counters
      .filter(({ counter }) => !idle.has(counter.id))
      .reduce<(typeof counters)[number] | undefined>((a, b) => (a && a.freeAt <= b.freeAt ? a : b), undefined);
    if (!next) break;
    const { counter } = next;
    const now = epochMs(next.freeAt);
    const heads = line.heads(now);
    const one = hall.rule(heads, {
      ...{ now, counter, classes: hall.classes, firstInRow, firstCap: hall.firstCap, callBy: hall.callBy, lasts },
      others: counters
        .filter((other) => other !== next)
        .map(({ counter: { services }, freeAt }) => ({
          services,
          freeAt: epochMs(freeAt),
        })),
    });
    const ticket = one && heads.find(({ id }) => id === one.id);
    if (!ticket) {
      idle.add(counter.id);
      continue;
    }
    called.set(ticket.id, Math.max(0, next.freeAt - hall.now));
    line.take(ticket);
    firstInRow = hall.classes[ticket.class]?.first === true ? firstInRow + 1 : 0;
    next.freeAt += lasts(ticket.service) + WALK;
  }
  return called;
}
