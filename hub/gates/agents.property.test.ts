import { ms, seconds } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LI, ZHANG, setUpTwoAgents, visit } from './testing/two-agents.ts';

describe('whatever happens on the way', () => {
  it('hub and agents agree to the last entry, nothing opens that was not granted, and no use is lost', async () => {
    type Step = 'card' | 'walk' | 'cut' | 'join' | 'restart-agent' | 'restart-hub' | 'wait';
    const step = fc.record({
      what: fc.constantFrom<Step>(
        'card',
        'card',
        'walk',
        'walk',
        'cut',
        'join',
        'restart-agent',
        'restart-hub',
        'wait',
      ),
      who: fc.nat(1),
      person: fc.nat(1),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 60 }),
        fc.infiniteStream(fc.nat(9)),
        async (steps, luck) => {
          const fate = () => {
            const value = Number(luck.next().value);
            return value < 2 ? 0 : value < 3 ? 2 : 1;
          };
          const { campus, east, west, pass, clock } = setUpTwoAgents({ fate });
          const agents = [east, west] as const;
          const people = [ZHANG, LI] as const;
          for (const agent of agents) agent.connect();
          campus.approve('visitor-access', 'V-1', visit(ZHANG, { uses: { max: 3 } }));
          campus.approve('visitor-access', 'V-2', visit(LI));
          await pass(120);
          for (const { what, who, person } of steps) {
            const agent = agents[who as 0 | 1];
            if (what === 'card') agent.card(people[person as 0 | 1]);
            if (what === 'walk') agent.walk();
            if (what === 'cut') agent.disconnect();
            if (what === 'join') agent.connect();
            if (what === 'restart-agent') await agent.restart();
            if (what === 'restart-hub') campus.restartHub();
            await clock.advanceAsync(what === 'wait' ? seconds(20) : ms(400));
          }
          for (const agent of agents) agent.connect();
          await pass(900);
          for (const agent of agents) {
            expect(campus.told(agent.id)).toEqual(agent.entries());
            const granted = agent.entries().filter(({ state }) => state !== 'refused' && state !== 'unexpected');
            expect(agent.opened.toSorted()).toEqual(granted.map(({ id }) => id).toSorted());
          }
          const counted = agents
            .flatMap((agent) => agent.entries())
            .filter(({ state }) => state === 'passed' || state === 'unconfirmed');
          expect(campus.outcomes.filter(({ type }) => type.type.includes('entered'))).toHaveLength(counted.length);
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);
});
