import type { KioskView } from '@hallhub/hub/kiosks/contract';
import { epochMs } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Effect, Flow, FlowEvent, Mode } from './flow.ts';
import { HOLD_MS, IDLE_MS, QUESTION_MS, initial, isAsking, isPersonal, remaining, step } from './flow.ts';

const MODES: readonly Mode[] = [
  { name: 'print', needsPerson: true },
  { name: 'campus-card', needsPerson: true },
  { name: 'ticket', needsPerson: false },
];

const START = 1_000_000;

interface Wish {
  readonly modes?: readonly string[];
  readonly session?: string;
  readonly service?: 'pin' | 'open';
}
const view = ({ modes = ['print', 'campus-card', 'ticket'], session, service }: Wish = {}): KioskView => ({
  id: 'hall',
  label: { zh: '大厅', en: 'Hall' },
  modes,
  hub: 'up',
  hall: 'up',
  readers: [],
  ways: ['resident-id', 'pick-up-code'],
  ...(session !== undefined && {
    person: { session, name: '张*', way: 'resident-id', until: epochMs(0) },
  }),
  ...(service && { service: { state: service, until: epochMs(0) } }),
});

class Walk {
  flow: Flow = initial(START);
  now = START;
  readonly effects: Effect[] = [];
  do(event: FlowEvent, after = 0): this {
    this.now += after;
    const { state, effects } = step(this.flow, event, MODES, this.now);
    this.flow = state;
    this.effects.push(...effects);
    return this;
  }
  see(wish: Wish = {}): this {
    return this.do({ type: 'view', view: view(wish) });
  }
  /** Ticks once a second, as the page does. */
  wait(ms: number): this {
    for (const end = this.now + ms; this.now < end;) this.do({ type: 'tick' }, Math.min(1_000, end - this.now));
    return this;
  }
}
const identified = (): Walk => new Walk().see().do({ type: 'choose', mode: 'print' }).see({ session: 'a' });

describe('the way in', () => {
  it('goes from a tile over identification to the mode that was chosen', () => {
    const walk = new Walk().see().do({ type: 'choose', mode: 'campus-card' });
    expect(walk.flow.stage).toEqual({ name: 'identify', mode: 'campus-card' });
    walk.do({ type: 'way', way: 'pick-up-code' });
    expect(walk.flow.stage).toEqual({ name: 'identify', mode: 'campus-card', way: 'pick-up-code' });
    walk.see({ session: 'a' });
    expect(walk.flow.stage).toEqual({ name: 'mode', mode: 'campus-card', session: 'a' });
  });

  it('asks what for when a card is shown at the first screen, unless one thing only can be meant', () => {
    expect(new Walk().see().see({ session: 'a' }).flow.stage).toEqual({ name: 'choose', session: 'a' });
    const only = { modes: ['print', 'unknown', 'ticket'] };
    expect(new Walk().see(only).see({ ...only, session: 'a' }).flow.stage).toMatchObject({ mode: 'print' });
  });

  it('needs nobody for a mode that needs nobody', () => {
    expect(new Walk().see().do({ type: 'choose', mode: 'ticket' }).flow.stage).toEqual({
      name: 'mode',
      mode: 'ticket',
    });
  });
});

describe('who stands there', () => {
  it('is wiped when somebody else takes their place', () => {
    const walk = identified().see({ session: 'b' });
    expect(walk.effects).toEqual(['wipe']);
    expect(walk.flow.stage).toEqual({ name: 'choose', session: 'b' });
  });

  it('leaves, and a late word of the server does not bring them back', () => {
    const walk = identified().do({ type: 'not-me' });
    expect(walk.effects).toEqual(['tell-leave', 'wipe']);
    expect(walk.flow.stage).toEqual({ name: 'farewell', why: 'not-me' });
    expect(walk.flow.view?.person).toBeUndefined();
    walk.see({ session: 'a' });
    expect(walk.flow).toMatchObject({ stage: { name: 'farewell' } });
    expect(walk.flow.view?.person).toBeUndefined();
    expect(walk.see({ session: 'b' }).flow.stage).toMatchObject({ session: 'b' });
  });
});

describe('time', () => {
  it('asks after 45 s, and goes on as often as somebody answers', () => {
    const walk = identified();
    for (let times = 0; times < 30; times += 1) {
      walk.wait(IDLE_MS + 1_000);
      expect(isAsking(walk.flow, walk.now)).toBe(true);
      walk.do({ type: 'touched' });
      expect(isAsking(walk.flow, walk.now)).toBe(false);
    }
    expect(walk.flow.stage.name).toBe('mode');
  });

  it('forgets 20 s after the question, having told the server that they are there while it stood', () => {
    const walk = identified().wait(IDLE_MS + 1_000);
    expect(walk.effects).toEqual(['tell-touch']);
    expect(walk.wait(QUESTION_MS - 2_000).flow.stage.name).toBe('mode');
    walk.wait(2_000);
    expect(walk.flow.stage.name).toBe('attract');
    expect(walk.effects.slice(-2)).toEqual(['tell-leave', 'wipe']);
  });

  it('stands still while paper moves, and the server hears that they are there', () => {
    const walk = identified()
      .do({ type: 'hold', on: true })
      .wait(HOLD_MS - 1_000);
    expect(walk.flow.stage.name).toBe('mode');
    expect(remaining(walk.flow, walk.now)).toBeUndefined();
    expect(walk.effects.filter((one) => one === 'tell-touch').length).toBeGreaterThan(HOLD_MS / 10_000);
    walk.do({ type: 'hold', on: false }).wait(IDLE_MS);
    expect(walk.flow.stage.name).toBe('mode');
  });

  it('shows the end of a print to nobody when its person is gone', () => {
    const walk = identified().do({ type: 'hold', on: true }).do({ type: 'leave' });
    expect(walk.flow.stage).toEqual({ name: 'tail' });
    walk.do({ type: 'hold', on: false }).wait(11_000);
    expect(walk.flow.stage.name).toBe('attract');
  });
});

it('hands the kiosk back from staff by Leave, whatever was before', () => {
  const walk = new Walk().see({ service: 'open' }).do({ type: 'leave' });
  expect(walk.effects).toEqual(['tell-service-leave']);
  expect(walk.flow.view?.service).toBeUndefined();
});

const arbitraryView = fc
  .record(
    {
      modes: fc.subarray(['print', 'campus-card', 'ticket', 'unknown']),
      session: fc.constantFrom('a', 'b', 'c'),
      service: fc.constantFrom('pin' as const, 'open' as const),
    },
    { requiredKeys: ['modes'] },
  )
  .map((wish): FlowEvent => ({ type: 'view', view: view(wish) }));
const arbitraryEvent: fc.Arbitrary<FlowEvent> = fc.oneof(
  arbitraryView,
  fc.constantFrom('starting', 'locked', 'up', 'lost').map((link): FlowEvent => ({ type: 'link', link })),
  fc.constantFrom('print', 'campus-card', 'ticket', 'nowhere').map((mode): FlowEvent => ({ type: 'choose', mode })),
  fc.constantFrom<FlowEvent>(
    { type: 'way', way: 'pick-up-code' },
    { type: 'way' },
    { type: 'identify' },
    { type: 'leave' },
    { type: 'not-me' },
    { type: 'hold', on: true },
    { type: 'hold', on: false },
    { type: 'touched' },
    { type: 'tick' },
  ),
);
const history = fc.array(fc.tuple(arbitraryEvent, fc.integer({ min: 0, max: 70_000 })), { maxLength: 40 });
const walked = (events: readonly (readonly [FlowEvent, number])[]): Walk => {
  const walk = new Walk();
  for (const [event, after] of events) walk.do(event, after);
  return walk;
};

it('asks who somebody is in a mode that serves strangers, and goes on with that mode', () => {
  const walk = new Walk().see().do({ type: 'choose', mode: 'ticket' }).do({ type: 'identify' });
  expect(walk.flow.stage).toEqual({ name: 'identify', mode: 'ticket' });
  walk.see({ session: 'a' });
  expect(walk.flow.stage).toEqual({ name: 'mode', mode: 'ticket', session: 'a' });
  expect(walk.do({ type: 'identify' }).flow.stage).toEqual({ name: 'mode', mode: 'ticket', session: 'a' });
});

describe('whatever happened', () => {
  it('Leave leads to the first screen, by way of the reminder at most', () => {
    fc.assert(
      fc.property(history, (events) => {
        const walk = walked(events);
        for (let times = 0; times < 3; times += 1) walk.do({ type: 'leave' });
        expect(walk.flow.stage.name).toBe('attract');
        expect(walk.flow.view?.person).toBeUndefined();
      }),
    );
  });

  it('doing nothing leads to the first screen', () => {
    fc.assert(
      fc.property(history, (events) => {
        const walk = walked(events);
        walk.wait(HOLD_MS + IDLE_MS + QUESTION_MS + 2_000);
        expect(walk.flow.stage.name).toBe('attract');
      }),
      { numRuns: 50 },
    );
  });

  it('a personal screen has its own person in the view, and a screen without one shows no name', () => {
    fc.assert(
      fc.property(history, (events) => {
        const walk = new Walk();
        for (const [event, after] of events) {
          walk.do(event, after);
          const { stage, view: seen } = walk.flow;
          const shown = 'session' in stage ? stage.session : undefined;
          expect(seen?.person?.session).toBe(shown);
          expect(isPersonal(walk.flow)).toBe(shown !== undefined);
        }
      }),
    );
  });

  it('whenever a session gives way to another or to nobody, everything is wiped', () => {
    fc.assert(
      fc.property(history, (events) => {
        const walk = new Walk();
        for (const [event, after] of events) {
          const before = walk.flow.view?.person?.session;
          const told = walk.effects.length;
          walk.do(event, after);
          if (before !== undefined && walk.flow.view?.person?.session !== before)
            expect(walk.effects.slice(told)).toContain('wipe');
        }
      }),
    );
  });

  it('nothing is forgotten before somebody was asked for 20 s', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: IDLE_MS + QUESTION_MS - 1 }), (pause) => {
        expect(identified().wait(pause).flow.stage.name).toBe('mode');
      }),
    );
  });
});

it('asks staff who have gone from an open service whether they are still there, and shuts it', () => {
  const walk = new Walk().see({ service: 'pin' }).wait(10_000).see({ service: 'open' });
  walk.wait(IDLE_MS - 1_000);
  expect(isAsking(walk.flow, walk.now)).toBe(false);
  walk.do({ type: 'touched' }).wait(IDLE_MS);
  expect(isAsking(walk.flow, walk.now)).toBe(true);
  walk.wait(QUESTION_MS + 1_000);
  expect(walk.effects.filter((effect) => effect === 'tell-service-leave')).toHaveLength(1);
  expect(walk.flow.view?.service).toBeUndefined();
});
