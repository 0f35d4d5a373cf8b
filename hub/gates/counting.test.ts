import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMs, manualClock, ms, seconds } from '@hallhub/sync/base';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createEntryStore } from './store/entries.ts';
import { createAgentsCampus } from './testing/agents-campus.ts';

const NUMBERS = ['11010519491231002X', '440524188001010014', '110105194912310038', '110105194912310046'] as const;
const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});

/** `east`, `west` and `exit` are gates of one area, `annex` is one of another. */
async function setUp(options: { readonly area?: object; readonly fate?: () => number } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-counting-'));
  const clock = manualClock(epochMs(Date.UTC(2026, 10, 22, 2)));
  const agents = ['east', 'west', 'exit', 'annex'];
  const campus = createAgentsCampus({
    ...{ clock, folder, agents, areas: [{ id: 'museum' }] },
    gate: { exit: { direction: 'out' }, annex: { area: 'museum' } },
    ...options,
  });
  undo.push(async () => {
    await campus.stop();
    rmSync(folder, { recursive: true });
  });
  const pass = (count: number) => clock.advanceAsync(seconds(count));
  const [east, west, exit, annex] = campus.agents;
  if (!east || !west || !exit || !annex) throw new Error('four agents are needed');
  for (const agent of campus.agents) agent.connect();
  await pass(3);
  const approve = (id: string, number: string, terms: object) => {
    campus.approve('visitor-access', id, {
      people: [{ name: '张三', document: { type: 'resident-id', number } }],
      host: { name: '李' },
      ...terms,
    });
  };
  const goes = async (agent: typeof east, number: string) => {
    agent.card(number);
    await pass(1);
    agent.walk();
    await pass(5);
  };
  return { campus, clock, east, west, exit, annex, pass, approve, goes };
}
const [FIRST, SECOND, THIRD, FOURTH] = NUMBERS;
const everywhere = { areas: ['campus', 'museum'] };

describe('a way through a gate', () => {
  it('is told to nobody where neither the pass nor the area counts', async () => {
    const { campus, east, pass, approve, goes } = await setUp({ area: { antiPassback: { scope: 'gate' } } });
    approve('V-1', FIRST, everywhere);
    await pass(2);
    await goes(east, FIRST);
    expect(east.entries().map(({ state }) => state)).toEqual(['passed']);
    expect(campus.agents.map((agent) => agent.told())).toEqual([0, 0, 0, 0]);
  });

  it('is told in its own area where that counts heads, and wherever the pass opens where its uses are counted', async () => {
    const { campus, east, annex, pass, approve, goes } = await setUp({ area: { limit: 10 } });
    approve('V-1', FIRST, everywhere);
    approve('V-2', SECOND, { ...everywhere, uses: { max: 1 } });
    await pass(2);
    await goes(east, FIRST);
    expect(campus.agents.map((agent) => agent.told())).toEqual([0, 1, 1, 0]);
    await goes(east, SECOND);
    expect(campus.agents.map((agent) => agent.told())).toEqual([0, 2, 2, 1]);
    annex.card(SECOND);
    expect(annex.entries()).toMatchObject([{ code: 'E-GATE-0109' }]);
  });

  it('fills the area also for agents that do not know the pass', async () => {
    const { east, west, exit, pass, approve, goes } = await setUp({ area: { limit: 1 } });
    approve('V-1', FIRST, { gates: ['east', 'exit'] });
    approve('V-2', SECOND, { areas: ['campus'] });
    await pass(2);
    await goes(east, FIRST);
    west.card(SECOND);
    await goes(exit, FIRST);
    await goes(west, SECOND);
    expect(west.entries()).toMatchObject([{ code: 'E-GATE-0111' }, { state: 'passed' }]);
  });

  it('is the same head when the agent learns of the pass afterwards', async () => {
    const { east, west, exit, pass, approve, goes } = await setUp({ area: { limit: 5 } });
    approve('V-1', FIRST, { gates: ['east', 'exit'] });
    await pass(2);
    await goes(east, FIRST);
    approve('V-1', FIRST, { areas: ['campus'] });
    await pass(2);
    expect(west.heads('campus')).toBe(1);
    await goes(exit, FIRST);
    expect(west.heads('campus')).toBe(0);
  });

  it('follows the order of the walks where an exit waited while somebody came in', async () => {
    const { campus, clock, east, west, exit, pass, approve, goes } = await setUp({ area: { limit: 5 } });
    approve('V-1', FIRST, { areas: ['campus'] });
    await pass(2);
    exit.card(FIRST);
    await clock.advanceAsync(ms(200));
    await goes(east, FIRST);
    expect(west.heads('campus')).toBe(1);
    exit.walk();
    await pass(10);
    expect([west.heads('campus'), campus.hub.gates.areas()[0]?.inside]).toEqual([0, 0]);
  });

  it('opens the area for others where whoever leads came in by a pass for that gate only', async () => {
    const { campus, east, west, pass, approve, goes } = await setUp({ area: { firstPerson: true } });
    campus.approve('roster', 'R-1', {
      person: { number: 'T1', name: '王', category: 'staff' },
      credentials: [{ type: 'resident-id', number: FIRST }],
      ...{ gates: ['east'], may: ['lead'] },
    });
    approve('V-1', SECOND, { areas: ['campus'] });
    await pass(2);
    await goes(east, FIRST);
    await goes(west, SECOND);
    expect(west.entries()).toMatchObject([{ state: 'passed' }]);
  });
});

it('counts of heads and of uses agree at the hub and at every agent that goes by them, once all are heard', async () => {
  const rules = fc.record(
    { limit: fc.integer({ min: 1, max: 4 }), antiPassback: fc.constant({ scope: 'in-out', mode: 'warn' }) },
    { requiredKeys: ['limit'] },
  );
  const step = fc.record({
    what: fc.constantFrom('card', 'card', 'card', 'walk', 'walk', 'walk', 'cut', 'join', 'restart'),
    who: fc.nat(3),
    person: fc.nat(3),
  });
  await fc.assert(
    fc.asyncProperty(
      rules,
      fc.array(step, { minLength: 10, maxLength: 40 }),
      fc.infiniteStream(fc.nat(9)),
      async (area, steps, luck) => {
        const fate = () => [0, 2][Number(luck.next().value)] ?? 1;
        const { campus, clock, pass, approve } = await setUp({ area, fate });
        approve('V-1', FIRST, everywhere);
        approve('V-2', SECOND, { areas: ['campus'], uses: { max: 3 } });
        approve('V-3', THIRD, { gates: ['east', 'exit'] });
        approve('V-4', FOURTH, { ...everywhere, uses: { max: 9 } });
        await pass(60);
        for (const { what, who, person } of steps) {
          const agent = campus.agents[who];
          if (what === 'card') agent?.card(NUMBERS[person] ?? '');
          if (what === 'walk') agent?.walk();
          if (what === 'cut') agent?.disconnect();
          if (what === 'join') agent?.connect();
          if (what === 'restart') await agent?.restart();
          await clock.advanceAsync(ms(700));
        }
        for (const agent of campus.agents) agent.connect();
        await pass(600);
        const [inside] = campus.hub.gates.areas();
        const hub = createEntryStore(campus.hub.db);
        const covering = { 'V-2#0': ['east', 'west', 'exit'], 'V-4#0': ['east', 'west', 'exit', 'annex'] };
        for (const agent of campus.agents) {
          if (agent.id !== 'annex') expect(agent.heads('campus')).toBe(inside?.inside);
          for (const [account, agents] of Object.entries(covering))
            if (agents.includes(agent.id)) expect(agent.used(account)).toBe(hub.used(account, '').ever);
        }
        // What happened in another area is heard of where uses are counted, and else nowhere.
        const spent = campus.hub.db
          .prepare<[], number>(
            `SELECT count(*) FROM gate_entry WHERE account = 'V-4#0' AND area = 'campus' AND way = 'in' AND state IN ('passed', 'unconfirmed')`,
          )
          .pluck()
          .get();
        expect(campus.agents.find(({ id }) => id === 'annex')?.told()).toBe(spent);
      },
    ),
    { numRuns: 10 },
  );
}, 120_000);
