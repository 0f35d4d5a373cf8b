import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMs, manualClock, seconds } from '@hallhub/sync/base';
import { afterEach } from 'vitest';
import { createAgentsCampus } from './agents-campus.ts';

export const ZHANG = '11010519491231002X';
export const LI = '440524188001010014';
export const visit = (number: string, change: object = {}) => ({
  people: [{ name: '张三', document: { type: 'resident-id', number } }],
  areas: ['campus'],
  host: { name: '李' },
  ...change,
});
const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});

/** A campus with two agents, each with a gate, neither connected yet; taken down after the test. */
export function setUpTwoAgents(options: { agents?: readonly string[]; area?: object; fate?: () => number } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-gates-'));
  const clock = manualClock(epochMs(Date.UTC(2026, 10, 22, 2)));
  const campus = createAgentsCampus({ clock, folder, agents: options.agents ?? ['east', 'west'], ...options });
  undo.push(async () => {
    await campus.stop();
    rmSync(folder, { recursive: true });
  });
  const [east, west] = campus.agents;
  if (!east || !west) throw new Error('two agents are needed');
  const pass = (seconds_: number) => clock.advanceAsync(seconds(seconds_));
  return { campus, clock, east, west, pass };
}
export const states = (entries: readonly { state: string; code: string | null }[]) =>
  entries.map(({ state, code }) => [state, code].filter(Boolean).join(' '));
