import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMs, manualClock, seconds } from '@hallhub/sync/base';
import { afterEach, describe, expect, it } from 'vitest';
import type { TestAgent } from './testing/agents-campus.ts';
import { createAgentsCampus } from './testing/agents-campus.ts';
import { LI, ZHANG, states, visit } from './testing/two-agents.ts';

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});
const WANG = '110105194912310038';

/** `east` and `west` lead into one area, `exit` out of it; all three are there. */
async function setUp(area: object) {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-newly-'));
  const clock = manualClock(epochMs(Date.UTC(2026, 10, 22, 2)));
  const campus = createAgentsCampus({
    clock,
    folder,
    area,
    agents: ['east', 'west', 'exit'],
    gate: { exit: { direction: 'out' } },
  });
  undo.push(async () => {
    await campus.stop();
    rmSync(folder, { recursive: true });
  });
  const pass = (count: number) => clock.advanceAsync(seconds(count));
  const [east, west, exit] = campus.agents;
  if (!east || !west || !exit) throw new Error('three agents are needed');
  for (const agent of campus.agents) agent.connect();
  await pass(3);
  const approve = async (id: string, number: string, change: object = {}) => {
    campus.approve('visitor-access', id, visit(number, change), 30);
    await pass(2);
  };
  const goes = async (agent: TestAgent, number: string) => {
    agent.card(number);
    await pass(1);
    agent.walk();
    await pass(5);
  };
  /** A new machine in its place, which has heard all that there is to hear. */
  const renew = async (agent: TestAgent) => {
    await agent.renew();
    await pass(10);
    campus.hub.link.assignAll();
    await pass(20);
  };
  const shows = async (agent: TestAgent, number: string) => {
    const before = agent.entries().length;
    agent.card(number);
    await pass(1);
    return states(agent.entries().slice(before));
  };
  return { campus, east, west, exit, pass, approve, goes, renew, shows };
}

describe('an agent that is enrolled anew', () => {
  it('knows how many are inside, whoever let them in and whoever left again', async () => {
    const { east, west, exit, approve, goes, renew, shows } = await setUp({ limit: 2 });
    await approve('V-1', ZHANG);
    await approve('V-2', LI);
    await approve('V-3', WANG);
    await goes(east, ZHANG);
    await goes(west, LI);
    await renew(west);
    expect(west.heads('campus')).toBe(2);
    expect(await shows(west, WANG)).toEqual(['refused E-GATE-0111']);
    await goes(exit, ZHANG);
    await renew(east);
    expect(east.heads('campus')).toBe(1);
    expect(await shows(east, WANG)).toEqual(['released']);
  });

  it('knows who came in days ago and is inside still', async () => {
    const { campus, east, west, approve, goes, renew } = await setUp({ limit: 5 });
    await approve('V-1', ZHANG);
    await goes(east, ZHANG);
    const days = 3 * 86_400_000;
    campus.hub.db.exec(`UPDATE gate_entry SET at = at - ${days}, settled_at = settled_at - ${days};
      UPDATE gate_presence SET at = at - ${days}`);
    await renew(west);
    expect(west.heads('campus')).toBe(1);
  });

  it('lets nobody in who is inside, nor twice through its own gate', async () => {
    const inOut = await setUp({ antiPassback: { scope: 'in-out' } });
    await inOut.approve('V-1', ZHANG);
    await inOut.goes(inOut.east, ZHANG);
    await inOut.renew(inOut.west);
    expect(await inOut.shows(inOut.west, ZHANG)).toEqual(['refused E-GATE-0110']);

    const timed = await setUp({ antiPassback: { scope: 'gate', within: '1h' } });
    await timed.approve('V-1', ZHANG);
    await timed.goes(timed.east, ZHANG);
    await timed.renew(timed.east);
    expect(await timed.shows(timed.east, ZHANG)).toEqual([expect.stringMatching(/^refused/)]);
    // The other gate is another matter.
    expect(await timed.shows(timed.west, ZHANG)).toEqual(['released']);
  });

  it('takes over what a guard has counted, at once and again', async () => {
    const { campus, east, west, pass, approve, goes, renew } = await setUp({ limit: 5 });
    await approve('V-1', ZHANG);
    await goes(east, ZHANG);
    expect(campus.hub.gates.correctCount({ area: 'campus', inside: 5, reason: 'counted' }, 'wang').ok).toBe(true);
    await pass(5);
    expect([east.heads('campus'), west.heads('campus')]).toEqual([5, 5]);
    await renew(west);
    expect(west.heads('campus')).toBe(5);
    campus.hub.gates.correctCount({ area: 'campus', inside: 1, reason: 'counted' }, 'wang');
    await pass(5);
    expect([east.heads('campus'), west.heads('campus')]).toEqual([1, 1]);
  });

  it('that was told before counts nobody twice when all is told again', async () => {
    const { campus, east, west, pass, approve, goes } = await setUp({ limit: 5 });
    await approve('V-1', ZHANG, { companions: 1 });
    await goes(east, ZHANG);
    expect([east.heads('campus'), west.heads('campus')]).toEqual([1, 1]);
    campus.hub.link.assignAll();
    await pass(20);
    expect([east.heads('campus'), west.heads('campus')]).toEqual([1, 1]);
  });
});
