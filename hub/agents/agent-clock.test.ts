import { manualClock, minutes, ms, seconds } from '@hallhub/sync/base';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createAgentClock } from './agent-clock.ts';

it('knows when something was, however the agent’s wall clock was set since', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ later: fc.integer({ min: 0, max: 100_000 }), step: fc.integer({ min: -1e8, max: 1e8 }) })),
      fc.integer({ min: 0, max: 5_000 }),
      (steps, way) => {
        const hub = manualClock();
        const wall = { skew: 0 };
        const reading = () => ({
          at: hub.now() + wall.skew,
          mono: hub.monotonic() - 1_000 + Math.abs(wall.skew % 10) / 10,
          run: 'r1',
        });
        const agent = createAgentClock(hub);
        const events: { truly: number; told: ReturnType<typeof reading> }[] = [];
        for (const { later, step } of steps) {
          hub.advance(ms(later));
          wall.skew += step;
          events.push({ truly: hub.now(), told: reading() });
        }
        const greeting = reading();
        hub.advance(ms(way));
        agent.heard(greeting);
        for (const { truly, told } of events) {
          expect(agent.toHub(told)).toBeGreaterThanOrEqual(truly - 1);
          expect(Number.isInteger(agent.toHub(told))).toBe(true);
          expect(agent.toHub(told)).toBeLessThanOrEqual(truly + way + 1);
        }
      },
    ),
  );
});

it('goes by the wall clock for what was before the agent’s restart, and by the truest of the last greetings', () => {
  const hub = manualClock();
  const agent = createAgentClock(hub);
  const old = { at: hub.now() + 60_000, mono: 999_999, run: 'before' };
  const was = hub.now();
  hub.advance(minutes(5));
  const greeting = { at: hub.now() + 60_000, mono: 10, run: 'now' };
  hub.advance(seconds(3));
  agent.heard(greeting);
  expect(agent.toHub(old)).toBe(was + 3_000);
  agent.heard({ at: hub.now() + 60_000, mono: 3_010, run: 'now' });
  expect(agent.toHub({ at: 0, mono: 3_000, run: 'now' })).toBe(hub.now() - 10);
  agent.heard({ at: hub.now() + 60_000, mono: 0, run: 'now' });
  expect(agent.toHub({ at: 0, mono: 3_000, run: 'now' })).toBe(hub.now() - 10);
  expect(agent.toHub({ at: 0, mono: 9_000_000, run: 'now' })).toBe(hub.now());
});
