import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, unwrap } from '@hallhub/sync/base';
import type { Period, Ticket, TicketAction } from './ticket.ts';
import { POOL, act, isAtCounter, isEnded, takeTicket } from './ticket.ts';

const NOON = epochMs(Date.UTC(2026, 8, 1, 4));
const at = (minute: number): EpochMs => epochMs(NOON + minute * 60_000);
const taken = (arrival = at(0)): Ticket =>
  takeTicket({ id: 't', service: 'card', class: 'walk-in', arrival, at: at(0) });
const CALL: TicketAction = { do: 'call', counter: 'w1', by: 'staff-1' };

/** One action a minute. */
const after = (...actions: readonly TicketAction[]): Ticket =>
  actions.reduce((ticket, action, n) => unwrap(act(ticket, action, at(n + 1))), taken());
const rows = ({ periods }: Ticket): readonly string[] =>
  periods.map(
    ({ state, from, to }) => `${state} ${(from - NOON) / 60_000}-${to === undefined ? '' : (to - NOON) / 60_000}`,
  );
const code = (ticket: Ticket, action: TicketAction): string | undefined => {
  const result = act(ticket, action, at(60));
  return result.ok ? undefined : result.error.code;
};

describe('a counter that closes', () => {
  it('lets go of what was left with it, and of nothing else', () => {
    const parked = after(CALL, { do: 'park', with: 'w2' }, { do: 'release' });
    expect(parked).toMatchObject({ state: 'parked', counter: POOL });
    expect(rows(parked)).toEqual(['waiting 0-1', 'called 1-2', 'parked 2-3', 'parked 3-']);
    expect(after(CALL, { do: 'hold' }, { do: 'release' })).toMatchObject({ state: 'parked', counter: POOL });
    const sent = after(CALL, { do: 'transfer', counter: 'w2', place: 'sorted' }, { do: 'release' });
    expect(sent).toMatchObject({ state: 'waiting', forCounter: undefined });
    expect(code(sent, CALL)).toBeUndefined();
    for (const other of [taken(), after(CALL), after(CALL, { do: 'park', with: POOL })])
      expect(code(other, { do: 'release' })).toBe('E-QUEUE-0207');
  });
});

describe('a claim', () => {
  it('may come and go until the end, and is no period of its own', () => {
    const marked = after({ do: 'class', class: 'elder' }, CALL, { do: 'class', class: 'walk-in' });
    expect(marked).toMatchObject({ class: 'walk-in', state: 'called' });
    expect(rows(marked)).toEqual(['waiting 0-2', 'called 2-']);
    expect(code(after(CALL, { do: 'no-show' }), { do: 'class', class: 'elder' })).toBe('E-QUEUE-0207');
  });
});

describe('a visit', () => {
  it('leaves rows from which every time follows', () => {
    const done = after(CALL, { do: 'begin' }, { do: 'finish', outcome: 'served' });
    expect(rows(done)).toEqual(['waiting 0-1', 'called 1-2', 'serving 2-3', 'finished 3-3']);
    expect(done.periods.map(({ by }) => by)).toEqual([undefined, 'staff-1', 'staff-1', 'staff-1']);
    expect(done.outcome).toBe('served');
  });

  it('that nobody said to have begun was served since its person came over', () => {
    const done = after(CALL, { do: 'finish', outcome: 'served' });
    expect(rows(done)).toEqual(['waiting 0-1', 'called 1-1.5', 'serving 1.5-2', 'finished 2-2']);
    const called = unwrap(act(taken(), CALL, at(1)));
    const atOnce = unwrap(act(called, { do: 'finish', outcome: 'served' }, epochMs(at(1) + 20_000)));
    expect(atOnce.periods.map(({ state }) => state)).toEqual(['waiting', 'called', 'finished']);
  });

  it('may hold several services', () => {
    const done = after(CALL, { do: 'begin' }, { do: 'add-service', service: 'loan', quantity: 2 });
    expect(done).toMatchObject({ service: 'loan', services: [{ service: 'card' }, { service: 'loan', quantity: 2 }] });
    expect(rows(done)).toEqual(['waiting 0-1', 'called 1-2', 'serving 2-3', 'serving 3-']);
  });

  it('goes on after it was held, at the same counter and at no other', () => {
    const held = after(CALL, { do: 'begin' }, { do: 'hold' });
    expect(code(held, { ...CALL, counter: 'w2' })).toBe('E-QUEUE-0207');
    expect(unwrap(act(held, CALL, at(9))).state).toBe('called');
  });

  it('that is parked in the pool goes on at any counter, parked with a colleague at theirs', () => {
    expect(code(after(CALL, { do: 'park', with: POOL }), { ...CALL, counter: 'w9' })).toBeUndefined();
    const parked = after(CALL, { do: 'park', with: 'w2' });
    expect(code(parked, CALL)).toBe('E-QUEUE-0207');
    expect(code(parked, { ...CALL, counter: 'w2' })).toBeUndefined();
  });

  it('that is transferred waits anew: in front, by its lifetime, or at the end', () => {
    const sent = (place: 'front' | 'sorted' | 'end'): Ticket => after(CALL, { do: 'transfer', service: 'loan', place });
    expect(sent('front')).toMatchObject({ state: 'waiting', service: 'loan', front: true, arrival: at(2) });
    expect(sent('sorted')).toMatchObject({ front: false, arrival: at(0) });
    expect(sent('end')).toMatchObject({ front: false, arrival: at(2), counter: undefined });
    expect(rows(sent('end'))).toEqual(['waiting 0-1', 'called 1-2', 'transferred 2-2', 'waiting 2-']);
  });

  it('that was sent to a counter is called by nobody else, unless out of order', () => {
    const sent = after(CALL, { do: 'transfer', counter: 'w2', place: 'front' });
    expect(code(sent, CALL)).toBe('E-QUEUE-0207');
    expect(code(sent, { ...CALL, outOfOrder: true })).toBeUndefined();
    expect(unwrap(act(sent, { ...CALL, counter: 'w2' }, at(5))).forCounter).toBeUndefined();
  });

  it('that was missed is called again out of order only, and its absence stays on record', () => {
    const missed = after(CALL, { do: 'no-show' });
    expect(code(missed, CALL)).toBe('E-QUEUE-0207');
    const back = unwrap(act(missed, { ...CALL, outOfOrder: true }, at(7)));
    expect(rows(back)).toEqual(['waiting 0-1', 'called 1-2', 'no-show 2-2', 'called 7-']);
    expect(back.calls).toBe(2);
  });

  it('of somebody who came before an appointment begins with its time', () => {
    const early = taken(at(30));
    expect(early.state).toBe('created');
    expect(unwrap(act(early, { do: 'ripen' }, at(30))).state).toBe('waiting');
    expect(unwrap(act(early, CALL, at(5))).state).toBe('called');
  });

  it('is not finished before it is called, nor given up while it is served', () => {
    expect(code(taken(), { do: 'finish', outcome: 'served' })).toBe('E-QUEUE-0206');
    expect(code(after(CALL, { do: 'begin' }), { do: 'cancel' })).toBe('E-QUEUE-0207');
    expect(code(after({ do: 'cancel' }), { do: 'expire' })).toBe('E-QUEUE-0207');
  });
});

const counter = fc.constantFrom('w1', 'w2');
const action: fc.Arbitrary<TicketAction> = fc.oneof(
  fc.record({ do: fc.constant('call' as const), counter, by: fc.constantFrom('a', 'b'), outOfOrder: fc.boolean() }),
  fc.constantFrom<TicketAction>(
    { do: 'recall' },
    { do: 'begin' },
    { do: 'no-show' },
    { do: 'hold' },
    { do: 'ripen' },
    { do: 'cancel' },
    { do: 'expire' },
    { do: 'park', with: POOL },
    { do: 'park', with: 'w2' },
    { do: 'add-service', service: 'loan', quantity: 2 },
    { do: 'finish', outcome: 'served' },
    { do: 'transfer', service: 'loan', place: 'end' },
    { do: 'transfer', counter: 'w2', place: 'front' },
  ),
);

describe('any course of a ticket', () => {
  it('has rows without gaps that never run backwards, whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(action, fc.integer({ min: -30, max: 30 })), { maxLength: 30 }), (course) => {
        let ticket = taken();
        let minute = 0;
        for (const [next, step] of course) {
          minute += step;
          const result = act(ticket, next, at(minute));
          if (result.ok) ticket = result.value;
        }
        const { periods } = ticket;
        for (const [n, row] of periods.entries()) {
          const following: Period | undefined = periods[n + 1];
          if (row.to !== undefined) expect(row.to).toBeGreaterThanOrEqual(row.from);
          if (!following) continue;
          expect(following.from).toBeGreaterThanOrEqual(row.from);
          // An end is left again only by whoever was missed.
          if (row.state === 'no-show') expect(following.state).toMatch(/called|expired/);
          else expect(following.from).toBe(row.to);
        }
        expect(periods.at(-1)?.state).toBe(ticket.state);
        expect(periods.filter(({ to }) => to === undefined).length).toBe(isEnded(ticket) ? 0 : 1);
        if (isAtCounter(ticket)) expect(ticket.counter).toMatch(/w[12]/);
        if (ticket.state === 'waiting') expect(ticket.counter).toBeUndefined();
      }),
    );
  });
});
