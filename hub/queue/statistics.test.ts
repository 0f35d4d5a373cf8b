import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, minutes } from '@hallhub/sync/base';
import type { StatisticsBy } from './contract.ts';
import type { Ticket, TicketAction } from './rules/ticket.ts';
import { act, takeTicket } from './rules/ticket.ts';
import type { Segment } from './statistics.ts';
import { quantile, segmentsOf, statisticsRows } from './statistics.ts';

const SERVICES = ['card', 'loan'] as const;
const counter = fc.constantFrom('w1', 'w2');
const service = fc.constantFrom(...SERVICES);
const action: fc.Arbitrary<TicketAction> = fc.oneof(
  { weight: 6, arbitrary: counter.map((at) => ({ do: 'call' as const, counter: at, by: `clerk of ${at}` })) },
  { weight: 5, arbitrary: fc.constant({ do: 'begin' as const }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ do: 'no-show' as const }, { do: 'hold' as const }, { do: 'cancel' as const }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'park' as const, with: 'pool' }, { do: 'expire' as const }) },
  { weight: 2, arbitrary: service.map((to) => ({ do: 'transfer' as const, service: to, place: 'sorted' as const })) },
  { weight: 1, arbitrary: service.map((more) => ({ do: 'add-service' as const, service: more, quantity: 1 })) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('served' as const, 'incomplete' as const, 'referred' as const)
      .map((outcome) => ({ do: 'finish' as const, outcome })),
  },
);
/** What may happen to a ticket, as far as its rules allow it, with the minutes in between. */
const life = fc.tuple(service, fc.array(fc.tuple(action, fc.nat(30)), { maxLength: 14 })).map(([first, actions]) => {
  let now = Date.UTC(2026, 8, 1, 2);
  let ticket = takeTicket({ id: 't', service: first, class: 'ordinary', arrival: epochMs(now), at: epochMs(now) });
  for (const [what, after] of actions) {
    now += after * 60_000;
    const done = act(ticket, what, epochMs(now));
    if (done.ok) ticket = done.value;
  }
  return ticket;
});
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const inState = ({ periods }: Ticket, state: string): readonly number[] =>
  periods.filter((period) => period.state === state).map(({ from, to = from }) => to - from);
const LIMIT = minutes(20);
const rowsOf = (segments: readonly Segment[], by: StatisticsBy) =>
  statisticsRows(segments, [], {
    ...{ by, label: (key) => ({ zh: key, en: key }) },
    limit: (one) => (one === 'card' ? LIMIT : undefined),
    hour: (at: EpochMs) => `2-${String(new Date(at).getUTCHours()).padStart(2, '0')}`,
  });

describe('statistics of whatever tickets went through', () => {
  it('cut a life at its transfers, and lose no minute of service', () => {
    fc.assert(
      fc.property(life, (ticket) => {
        const segments = segmentsOf('t', ticket.periods);
        const transfers = inState(ticket, 'transferred').length;
        expect(segments.length).toBe(transfers + 1);
        expect(segments.filter(({ end }) => end === 'transferred').length).toBe(transfers);
        expect(sum(segments.flatMap(({ served }) => [...served.values()]))).toBe(sum(inState(ticket, 'serving')));
        // Who is held or parked waits for something else: in line, one waits once for each counter that calls.
        expect(sum(segments.map(({ waited }) => waited))).toBe(sum(inState(ticket, 'waiting')));
        for (const { called, counter: at, by } of segments) {
          expect(at !== undefined).toBe(called);
          expect(by).toBe(at === undefined ? undefined : `clerk of ${at}`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('count every segment once, whatever they are grouped by', () => {
    fc.assert(
      fc.property(fc.array(life, { maxLength: 40 }), (lives) => {
        const segments = lives.flatMap(({ periods, outcome }, index) =>
          segmentsOf(String(index), periods, { outcome }),
        );
        for (const by of ['service', 'counter', 'person', 'hour'] as const) {
          const rows = rowsOf(segments, by);
          const known = by === 'counter' || by === 'person' ? segments.filter(({ called }) => called) : segments;
          expect(sum(rows.map(({ taken }) => taken))).toBe(known.length);
          for (const end of ['served', 'incomplete', 'referred', 'noShow', 'abandoned', 'unfinished'] as const)
            expect(sum(rows.map((row) => row[end]))).toBe(
              known.filter((one) => one.end === (end === 'noShow' ? 'no-show' : end)).length,
            );
          for (const row of rows) {
            expect(row.waitP50).toBeLessThanOrEqual(row.waitP90);
            expect(row.limit).toBe(by === 'service' && row.key === 'card' ? LIMIT : undefined);
          }
        }
      }),
    );
  });

  it('say of whom the day ended over whether they had been called', () => {
    fc.assert(
      fc.property(life, ({ periods }) => {
        const [last] = segmentsOf('t', periods).slice(-1);
        const [before, end] = periods.slice(-2).map(({ state }) => state);
        fc.pre(end === 'expired');
        expect(last?.end).toBe(
          ['called', 'serving', 'held', 'parked'].includes(before ?? '') ? 'unfinished' : 'abandoned',
        );
      }),
    );
  });

  it('score what was promised with the number against the first call, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(life, { maxLength: 40 }), fc.nat(30), fc.nat(30), (lives, from, more) => {
        const expected = { from: from * 60_000, to: (from + more) * 60_000 };
        const segments = lives.flatMap(({ periods }, index) => segmentsOf(String(index), periods, { expected }));
        const waits = lives.flatMap(({ periods }) => {
          const call = periods.findIndex(({ state }) => state === 'called' || state === 'transferred');
          const [first, called] = [periods[0], periods[call]];
          return first && called?.state === 'called' ? [called.from - first.from] : [];
        });
        const scores = rowsOf(segments, 'service').flatMap(({ promise }) => promise ?? []);
        expect(sum(scores.map(({ count }) => count))).toBe(waits.length);
        const slack = minutes(2);
        const held = waits.filter((wait) => wait >= expected.from - slack && wait <= expected.to + slack);
        expect(sum(scores.map((score) => Math.round(score.held * score.count)))).toBe(held.length);
      }),
    );
  });

  it('give each service its own minutes, also those of what was done on top of another', () => {
    fc.assert(
      fc.property(fc.array(life, { maxLength: 40 }), (lives) => {
        const segments = lives.flatMap(({ periods }, index) => segmentsOf(String(index), periods));
        const rows = rowsOf(segments, 'service');
        for (const { key, serviceMean } of rows) {
          const times = segments.flatMap(({ served }) => served.get(key) ?? []).filter((time) => time > 0);
          expect(serviceMean).toBe(times.length === 0 ? 0 : Math.round(sum(times) / times.length));
        }
        for (const { served } of segments)
          for (const one of served.keys()) expect(rows.map(({ key }) => key)).toContain(one);
      }),
    );
  });

  it('say what share was called within the limit, of those whose service has one', () => {
    fc.assert(
      fc.property(fc.array(life, { maxLength: 40 }), (lives) => {
        const segments = lives.flatMap(({ periods }, index) => segmentsOf(String(index), periods));
        const mine = segments.filter(({ called, service: one }) => called && one === 'card');
        const [card] = rowsOf(segments, 'service').filter(({ key }) => key === 'card');
        const within = mine.filter(({ waited }) => waited <= LIMIT).length / mine.length;
        expect(card?.withinLimit).toEqual(mine.length === 0 ? undefined : within);
        expect(rowsOf(segments, 'service').find(({ key }) => key === 'loan')?.withinLimit).toBeUndefined();
      }),
    );
  });

  it('take of a share the smallest value that so many do not exceed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1_000), { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, share) => {
          const sorted = values.toSorted((a, b) => a - b);
          const found = quantile(sorted, share);
          const upTo = (most: number): number => values.filter((value) => value <= most).length;
          expect(upTo(found)).toBeGreaterThanOrEqual(share * values.length);
          const smaller = sorted.filter((value) => value < found).at(-1);
          if (smaller !== undefined) expect(upTo(smaller)).toBeLessThan(share * values.length);
        },
      ),
    );
  });
});
