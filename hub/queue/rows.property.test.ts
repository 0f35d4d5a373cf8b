import { minutes, ms } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CounterOrder } from './orders.ts';
import { openQueue } from './testing/rig.ts';

/*
 * Counters and machines act in any order, between them the hub dies and comes back over the same file, and the wall clock jumps.
 * What must hold is asked of the rows and of what was answered, not of the code that made them.
 */

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('take' as const), service: fc.constantFrom('enrolment', 'fees') }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('order' as const),
      counter: fc.constantFrom('c1', 'c2'),
      order: fc.constantFrom<CounterOrder['do'][]>(
        ...([
          'next',
          'next',
          'next',
          'begin',
          'recall',
          'no-show',
          'hold',
          'park',
          'transfer',
          'finish',
          'finish',
        ] as const),
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), counter: fc.constantFrom('c1', 'c2') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('take-over' as const), counter: fc.constantFrom('c1', 'c2') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clock' as const), by: fc.constantFrom(-90, -1, 3, 60) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
);

const ORDERS: Readonly<Partial<Record<CounterOrder['do'], CounterOrder>>> = {
  next: { do: 'next' },
  begin: { do: 'begin' },
  recall: { do: 'recall' },
  'no-show': { do: 'no-show' },
  hold: { do: 'hold' },
  park: { do: 'park', to: 'pool' },
  transfer: { do: 'transfer', service: 'enrolment', place: 'sorted' },
  finish: { do: 'finish', outcome: 'served' },
};

interface TicketCount {
  readonly id: string;
  readonly number: string;
  readonly state: string;
  readonly counter: string | null;
  readonly calls: number;
}

describe('whatever counters, machines, crashes and clocks do', () => {
  it('a number is one ticket’s, a ticket is at one counter, and none is lost', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let rig = openQueue();
        rig.open('c1');
        rig.open('c2');
        const given = new Map<string, string>();
        const stale: { readonly counter: string; readonly lease: string }[] = [];
        for (const what of steps) {
          switch (what.do) {
            case 'take': {
              const taken = rig.take(what.service);
              if (!taken.ok) break;
              expect([...given.values()]).not.toContain(taken.value.number);
              given.set(taken.value.id, taken.value.number);
              break;
            }
            case 'order': {
              const order = ORDERS[what.order];
              if (order) rig.order(what.counter, order);
              break;
            }
            case 'resume': {
              const { held, pool } = rig.view(what.counter);
              const [ticket] = [...held, ...pool];
              if (ticket) rig.order(what.counter, { do: 'resume', ticket: ticket.id });
              break;
            }
            case 'take-over':
              stale.push({ counter: what.counter, lease: rig.leases.get(what.counter) ?? '' });
              rig.open(what.counter, { takeOver: true });
              break;
            case 'crash': {
              const { leases } = rig;
              rig.db.close();
              rig = openQueue({ file: rig.file, clock: rig.clock, key: rig.key });
              for (const [counter, lease] of leases) rig.leases.set(counter, lease);
              break;
            }
            case 'clock':
              rig.clock.stepWall(minutes(what.by));
              break;
            case 'sweep':
              rig.queue.core.sweep();
              break;
          }
          for (const { counter, lease } of stale)
            expect(rig.queue.counters.order(counter, lease, { id: 'li' }, { do: 'next' })).toMatchObject({
              error: { code: 'E-QUEUE-0203' },
            });
          const rows = rig.db
            .prepare<[], TicketCount>('SELECT id, number, state, counter, calls FROM queue_ticket')
            .all();
          expect(new Map(rows.map(({ id, number }) => [id, number]))).toEqual(given);
          const atCounters = rows
            .filter(({ state }) => state === 'called' || state === 'serving')
            .map(({ counter }) => counter);
          expect(new Set(atCounters).size).toBe(atCounters.length);
        }
        // Each ticket's rows follow one another without a gap, and exactly those that have not ended are still open.
        for (const id of given.keys()) {
          const periods = rig.queue.tickets.periods(id);
          const row = rig.queue.tickets.get(id);
          periods.forEach(({ from, to }, index) => {
            const next = periods[index + 1];
            expect(to ?? from).toBeGreaterThanOrEqual(from);
            if (next) expect(next.from).toBe(to);
          });
          const ended = ['finished', 'no-show', 'cancelled', 'expired'].includes(row?.state ?? '');
          expect(periods.filter(({ to }) => to === undefined).length).toBe(ended ? 0 : 1);
          expect(periods.at(-1)?.state).toBe(row?.state);
        }
        rig.db.close();
      }),
      { numRuns: 60 },
    );
  });

  it('everybody who waits is called in the end, once each, by two counters that press next at the same instant', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('ordinary', 'elder', 'disabled'), { minLength: 1, maxLength: 25 }),
        (classes) => {
          const rig = openQueue();
          const ids = classes.map((kind) => {
            const taken = rig.take('enrolment', { class: kind, source: 'staff' });
            rig.clock.advance(ms(20_000));
            return taken.ok ? taken.value.id : '';
          });
          rig.open('c1');
          rig.open('c2');
          const called: string[] = [];
          while (called.length < classes.length) {
            const before = called.length;
            for (const counter of ['c1', 'c2']) rig.order(counter, { do: 'next' });
            for (const counter of ['c1', 'c2']) {
              const { ticket } = rig.view(counter);
              if (ticket) called.push(ticket.id);
              rig.order(counter, { do: 'finish', outcome: 'served' });
            }
            // Nobody who waits may be passed over for ever.
            if (called.length === before) break;
          }
          expect(called.toSorted()).toEqual(ids.toSorted());
          // No more of the first tier in a row than the cap, while others wait.
          const tiers = called.map((id) => classes[ids.indexOf(id)] === 'disabled');
          tiers.forEach((first, index) => {
            const others = tiers.slice(index).some((later) => !later);
            if (first && others) expect(tiers.slice(Math.max(0, index - 2), index + 1)).not.toEqual([true, true, true]);
          });
          rig.db.close();
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('numbers', () => {
  it('begin anew each day, go on where they were when the clock is set back over midnight, and wrap past those in use', () => {
    const rig = openQueue();
    const numberOf = (): string => {
      const taken = rig.take();
      return taken.ok ? `${taken.value.day} ${taken.value.number}` : taken.error.code;
    };
    expect([numberOf(), numberOf()]).toEqual(['2026-11-23 A001', '2026-11-23 A002']);
    rig.clock.stepWall(minutes(1_440));
    // Yesterday's still wait: their numbers are not given again.
    expect(numberOf()).toBe('2026-11-24 A003');
    rig.queue.core.sweep();
    expect(rig.queue.tickets.open('main').map(({ day }) => day)).toEqual(['2026-11-24']);
    rig.clock.stepWall(minutes(-1_440));
    expect(numberOf()).toBe('2026-11-23 A004');
    rig.clock.stepWall(minutes(2 * 1_440));
    rig.trust.clock = false;
    rig.queue.core.sweep();
    expect(rig.queue.tickets.open('main').length).toBe(2);
    rig.trust.clock = true;
    rig.queue.core.sweep();
    expect(numberOf()).toBe('2026-11-25 A001');
  });
});
