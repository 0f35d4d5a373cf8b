import type { LockerOrderView, LockerPassView, Size } from '@hallhub/hub/lockers/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LockerEvent, LockerPage } from './flow.ts';
import { START, bestSize, followed, onFrom, sessionOf, stepOf, turn } from './flow.ts';

const SIZES: readonly Size[] = ['small', 'medium', 'large'];
const deposit: LockerPassView = { id: 'in', purpose: 'deposit', size: 'small' };
const letter: LockerPassView = { id: 'out', purpose: 'collect', size: 'small', compartment: 'A07' };
const returned: LockerPassView = { id: 'back', purpose: 'return', size: 'large', compartment: 'B02' };

const order = (change: Partial<LockerOrderView> = {}): LockerOrderView => ({
  id: 'o1',
  purpose: 'deposit',
  compartment: 'A09',
  state: 'opening',
  shutIt: false,
  ...change,
});
const ended = (outcome: NonNullable<LockerOrderView['outcome']>, change: Partial<LockerOrderView> = {}) =>
  order({ state: 'ended', outcome, ...change });
const shown = (...passes: LockerPassView[]): LockerEvent => ({
  type: 'presented',
  presented: { session: 's1', passes },
});
const begun = (view = order(), size: Size = 'small'): LockerEvent => ({ type: 'begun', order: view, size });
const seen = (view: LockerOrderView): LockerEvent => ({ type: 'seen', order: view });
const walk = (...events: readonly LockerEvent[]): LockerPage => events.reduce<LockerPage>(turn, START);

describe('the way', () => {
  it('goes to the one thing that can be meant, and asks which of several', () => {
    expect(walk(shown(deposit)).at).toBe('size');
    expect(walk(shown(letter)).at).toBe('ready');
    const several = walk(shown(letter, returned));
    expect(several.at).toBe('passes');
    expect(turn(several, { type: 'choose', pass: 'back' })).toMatchObject({ at: 'ready', pass: returned });
    expect(turn(several, { type: 'choose', pass: 'nobody’s' })).toBe(several);
  });

  it('goes from one of several to the next, and ends after the last', () => {
    const first = walk(
      shown(letter, returned),
      { type: 'choose', pass: 'out' },
      begun(order({ purpose: 'collect', compartment: 'A07' })),
      seen(ended('collected', { purpose: 'collect', compartment: 'A07' })),
    );
    expect(first.at === 'ended' && onFrom(first)).toBe('more');
    const next = turn(first, { type: 'on' });
    expect(next).toMatchObject({ at: 'ready', pass: returned });
    const last = [begun(), seen(ended('collected'))].reduce(turn, next);
    expect(last.at === 'ended' && onFrom(last)).toBeUndefined();
  });

  it('offers the next size to whoever could not get it in', () => {
    const again = walk(shown(deposit), begun(), seen(ended('cancelled')), { type: 'on' });
    expect(again).toMatchObject({ at: 'size', tooSmall: 'small' });
  });

  it('follows another door, and says which one did not open', () => {
    const moving = walk(shown(deposit), begun(), seen(ended('not-opened', { next: 'o2' })));
    expect(moving).toMatchObject({ at: 'order', stuck: 'A09' });
    expect(followed(moving)).toBe('o2');
    // The answer about the first door that was still under way changes nothing.
    expect(turn(moving, seen(order({ state: 'open' })))).toBe(moving);
    const moved = turn(moving, seen(order({ id: 'o2', compartment: 'A11', state: 'open' })));
    expect(moved).toMatchObject({ at: 'order', stuck: 'A09', order: { compartment: 'A11' } });
    expect(turn(moved, seen(ended('stored', { id: 'o2' })))).toMatchObject({ at: 'ended', visit: { passes: [] } });
  });

  it('opens nothing a second time where nobody can say what lies inside', () => {
    const end = walk(shown(letter), begun(order({ purpose: 'collect' })), seen(ended('unclear')));
    expect(end.at === 'ended' && onFrom(end)).toBeUndefined();
    expect(turn(end, { type: 'on' })).toBe(end);
  });

  it('tries a stuck door no more, but finds another for what is dropped off', () => {
    const stuck = walk(
      shown(letter),
      begun(order({ purpose: 'collect' })),
      seen(ended('not-opened', { purpose: 'collect' })),
    );
    expect(stuck.at === 'ended' && onFrom(stuck)).toBeUndefined();
    expect(walk(shown(deposit), begun(), seen(ended('not-opened')), { type: 'on' }).at).toBe('size');
  });

  it('has nothing left of a session that is over, but whether a door may stand open', () => {
    expect(walk(shown(letter), { type: 'over' })).toEqual({ at: 'over', midway: false });
    expect(walk(shown(letter), begun(), { type: 'over' })).toEqual({ at: 'over', midway: true });
  });
});

describe('the size to begin with', () => {
  it('is what was approved, or the next one that is free', () => {
    expect(bestSize(SIZES, { small: 1, medium: 1, large: 1 }, 'small', undefined)).toBe('small');
    expect(bestSize(SIZES, { small: 0, medium: 0, large: 1 }, 'small', undefined)).toBe('large');
    expect(bestSize(SIZES, { small: 1, medium: 1, large: 1 }, 'small', 'medium')).toBe('large');
    expect(bestSize(SIZES, { small: 9, medium: 9, large: 0 }, 'small', 'medium')).toBeUndefined();
    expect(bestSize(SIZES, { small: 9, medium: 9, large: 9 }, 'small', 'large')).toBeUndefined();
  });
});

const outcomes = ['stored', 'collected', 'not-opened', 'refused', 'cancelled', 'unclear', 'interrupted'] as const;
const arbitraryOrder: fc.Arbitrary<LockerOrderView> = fc
  .record({
    id: fc.constantFrom('o1', 'o2', 'o3'),
    purpose: fc.constantFrom('deposit' as const, 'collect' as const, 'return' as const),
    compartment: fc.constantFrom('A01', 'A02', 'B03'),
    state: fc.constantFrom('opening' as const, 'open' as const, 'asking' as const, 'ended' as const),
    shutIt: fc.boolean(),
    outcome: fc.constantFrom(...outcomes),
    next: fc.option(fc.constantFrom('o2', 'o3'), { nil: undefined }),
  })
  .map(({ outcome, next, ...view }) =>
    view.state === 'ended' ? { ...view, outcome, ...(next !== undefined && { next }) } : view,
  );
const event: fc.Arbitrary<LockerEvent> = fc.oneof(
  fc
    .record({ session: fc.constantFrom('s1', 's2'), passes: fc.subarray([deposit, letter, returned]) })
    .map((presented): LockerEvent => ({ type: 'presented', presented })),
  fc.constantFrom('in', 'out', 'back', 'none').map((pass): LockerEvent => ({ type: 'choose', pass })),
  fc.tuple(arbitraryOrder, fc.constantFrom(...SIZES)).map(([view, size]) => begun(view, size)),
  arbitraryOrder.map(seen),
  fc.nat(5).map((page): LockerEvent => ({ type: 'turn', page })),
  fc.constantFrom<LockerEvent>(
    { type: 'typing', on: true },
    { type: 'typing', on: false },
    { type: 'on' },
    { type: 'back' },
    { type: 'over' },
  ),
);
const history = fc.array(event, { maxLength: 40 });

/** What somebody who wants to be done touches, once the door has come to an end: `left` where Exit is the only way. */
function wayOut(from: LockerPage): string {
  let page = from;
  for (let times = 0; times < 6; times += 1) {
    if (page.at === 'show' && !page.typing) return 'start';
    if (page.at === 'order') page = turn(page, seen(ended('unclear', { id: followed(page) ?? '' })));
    else if (page.at === 'ended') return 'finish';
    else page = turn(page, { type: 'back' });
  }
  return `stuck at ${page.at}`;
}

describe('whatever happened', () => {
  it('there is a way on', () => {
    fc.assert(
      fc.property(history, (events) => {
        const page = walk(...events);
        expect(['start', 'finish']).toContain(wayOut(page));
        expect(stepOf(page)).toBeLessThan(4);
        // What is offered to be touched leads somewhere else.
        if (page.at === 'ended' && onFrom(page)) expect(turn(page, { type: 'on' }).at).not.toBe('ended');
      }),
    );
  });

  it('a page of nobody names no compartment, and a session that ended leaves nothing to the next', () => {
    fc.assert(
      fc.property(history, fc.constantFrom('s1', 's2'), (events, next) => {
        let page: LockerPage = START;
        for (const one of events) {
          const before = sessionOf(page);
          page = turn(page, one);
          const now = sessionOf(page);
          if (now === undefined) expect(JSON.stringify(page)).not.toMatch(/[AB]0\d/);
          // Nobody takes the place of somebody who is still there.
          if (before !== undefined && now !== undefined) expect(now).toBe(before);
        }
        const over = turn(turn(page, { type: 'over' }), { type: 'back' });
        if (over.at !== 'show') return;
        const fresh = turn(over, { type: 'presented', presented: { session: next, passes: [deposit] } });
        expect(fresh).toEqual({ at: 'size', visit: { session: next, passes: [deposit] }, pass: deposit });
      }),
    );
  });

  it('a door that moves ends by its own word alone, or with the session', () => {
    fc.assert(
      fc.property(history, event, (events, one) => {
        const page = walk(...events);
        if (page.at !== 'order') return;
        const after = turn(page, one);
        if (after.at === 'over') expect(one.type).toBe('over');
        else if (after.at !== 'order') expect(one).toMatchObject({ type: 'seen', order: { id: followed(page) } });
      }),
    );
  });
});
