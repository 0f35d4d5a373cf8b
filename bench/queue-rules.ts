import { epochMs, ms } from '@hallhub/sync/base';
import type { CallingRuleName, VisitorClass, Waiting } from '../hub/queue/rules/calling.ts';
import { CALLING_RULES, callingRules } from '../hub/queue/rules/calling.ts';
import type { HallNow, ServiceTime, WaitRange } from '../hub/queue/rules/estimate.ts';
import { expectedFor } from '../hub/queue/rules/estimate.ts';
import { keptOf, scoreOf } from '../hub/queue/rules/promise.ts';
import { SERVICES } from '../e2e/queue-day/hall.ts';
import { DAYS, SEED, arrivals, numbers } from './kit/queue-arrivals.ts';

/*
 * A day at a hall under each calling rule: who waited how long, by class, and how often what was promised when the number was
 * taken held. The arrivals are made (the first day of a term: a rush at opening, another before noon, a third after lunch), not
 * recorded; the same people come under every rule.
 */

const MINUTE = 60_000;
const WALK = 15_000;
const CLASSES: Readonly<Record<string, VisitorClass>> = {
  ordinary: { rate: 1, first: false },
  elder: { rate: 2, first: false },
  disabled: { rate: 1, first: true },
};
const COUNTERS = [
  ['enrolment', 'cards'],
  ['enrolment', 'transcript'],
  ['enrolment', 'transcript'],
  ['cards', 'enrolment'],
  ['transcript', 'enrolment', 'cards'],
  ['enrolment', 'cards'],
] as const;

interface Visitor extends Waiting {
  readonly lasts: number;
}

function visitors(perHour: readonly number[]): readonly Visitor[] {
  return arrivals(perHour, numbers(SEED)).map(({ service, kind, at, lasts }, index): Visitor => ({
    id: String(index).padStart(5, '0'),
    service,
    class: kind < 0.1 ? 'elder' : kind < 0.14 ? 'disabled' : 'ordinary',
    arrival: epochMs(Math.round(at)),
    ...{ front: false, isAppointment: false },
    lasts,
  }));
}

const USUAL = new Map<string, number>(Object.entries(SERVICES));
const timeOf = (service: string): ServiceTime => {
  const mean = (USUAL.get(service) ?? 5) * MINUTE;
  return { quick: ms(mean * 0.7), mean: ms(mean), slow: ms(mean * 1.35) };
};

function replay(name: CallingRuleName, people: readonly Visitor[]) {
  const rule = callingRules[name];
  const counters = COUNTERS.map((services, index) => ({
    id: `c${index}`,
    services: new Set<string>(services),
    freeAt: 0,
    service: '',
    since: 0,
  }));
  const waits = new Map<string, number>();
  const promised = new Map<string, WaitRange>();
  let waiting: Visitor[] = [];
  let firstInRow = 0;
  let arrived = 0;
  const hallAt = (now: number): HallNow => ({
    ...{ now: epochMs(now), rule, classes: CLASSES, firstCap: 2, firstInRow, callBy: {}, waiting, times: timeOf },
    counters: counters.map(({ id, services, freeAt, service, since }) => ({
      ...{ id, services },
      ...(freeAt > now && { busy: { service, since: epochMs(since) } }),
    })),
  });
  while (arrived < people.length || waiting.length > 0) {
    const busyUntil = counters.filter(({ freeAt }) => freeAt > 0).map(({ freeAt }) => freeAt);
    let now = Math.min(people[arrived]?.arrival ?? Number.POSITIVE_INFINITY, ...busyUntil);
    if (!Number.isFinite(now)) now = waiting[0]?.arrival ?? 0;
    for (const counter of counters) if (counter.freeAt <= now) counter.freeAt = 0;
    for (let next = people[arrived]; next && next.arrival <= now; next = people[arrived]) {
      const range = expectedFor(hallAt(now), next);
      if (range) promised.set(next.id, range);
      waiting.push(next);
      arrived += 1;
    }
    for (const counter of counters.filter(({ freeAt }) => freeAt === 0)) {
      const called = rule(waiting, {
        ...{ now: epochMs(now), counter, classes: CLASSES, firstInRow, firstCap: 2, callBy: {}, others: [] },
        lasts: (service) => timeOf(service).mean,
      });
      const one = waiting.find(({ id }) => id === called?.id);
      if (!one) continue;
      waits.set(one.id, now - one.arrival);
      waiting = waiting.filter((other) => other !== one);
      firstInRow = CLASSES[one.class]?.first === true ? firstInRow + 1 : 0;
      Object.assign(counter, { freeAt: now + WALK + one.lasts, service: one.service, since: now });
    }
  }
  return { waits, promised };
}

const minutesAt = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round((sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0) / 6_000) / 10;
};

for (const [day, perHour] of Object.entries(DAYS)) {
  const people = visitors(perHour);
  for (const rule of CALLING_RULES) {
    const { waits, promised } = replay(rule, people);
    const kept = people.flatMap(({ id }) => {
      const range = promised.get(id);
      const wait = waits.get(id);
      return range && wait !== undefined ? [keptOf(range, wait)] : [];
    });
    const { held, error } = scoreOf(kept);
    const classes = Object.fromEntries(
      Object.keys(CLASSES).map((kind) => {
        const mine = people.filter((one) => one.class === kind).map(({ id }) => waits.get(id) ?? 0);
        return [
          kind,
          { people: mine.length, p50: minutesAt(mine, 0.5), p90: minutesAt(mine, 0.9), longest: minutesAt(mine, 1) },
        ];
      }),
    );
    process.stdout.write(
      `${JSON.stringify({
        ...{ bench: 'queue-rules', day, rule, people: people.length, waitMinutes: classes },
        estimate: {
          heldShare: Math.round(held * 100) / 100,
          errorMinutesP50: Math.round(error / 6_000) / 10,
          missedByMinutesP90: minutesAt(
            kept.map(({ missedBy }) => missedBy),
            0.9,
          ),
          // A range as wide as the day would always hold.
          widthMinutesP50: minutesAt(
            [...promised.values()].map(({ from, to }) => to - from),
            0.5,
          ),
        },
      })}\n`,
    );
  }
}
