import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AgentView } from '../hub/agents/view.ts';
import type { ToParent } from '../kiosk-app/agent/messages.ts';
import type { Campus } from './testing/campus.ts';
import { startCampus } from './testing/campus.ts';
import type { HttpClient } from './testing/http-client.ts';
import type { HubProcess } from './testing/hub-process.ts';
import { logInAsFirst } from './testing/staff.ts';
import { until } from './testing/until.ts';

/*
 * The agent beside a kiosk's screen, as the kiosk's shell starts it: a process that talks to its parent, here one that Node
 * forked. Hub, broker and devices are real. Each step goes on from the one before.
 */

const AGENT = 'south-gate';
const MAIN = join(import.meta.dirname, '../kiosk-app/agent/main.mjs');

interface Hosted {
  readonly child: ChildProcess;
  readonly told: readonly ToParent[];
  readonly exit: Promise<number | null>;
}

let campus: Campus;
let hub: HubProcess;
let staff: HttpClient;
const children: ChildProcess[] = [];

function start(): Hosted {
  const child = fork(MAIN, [campus.agentDir], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  children.push(child);
  const told: ToParent[] = [];
  child.on('message', (message) => told.push(message as ToParent));
  const exit = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
  });
  return { child, told, exit };
}
const last = <T extends ToParent['type']>({ told }: Hosted, type: T): Extract<ToParent, { type: T }> | undefined =>
  told.findLast((message): message is Extract<ToParent, { type: T }> => message.type === type);
const devicesAreReady = (hosted: Hosted): Promise<unknown> =>
  until('the devices are ready', () => {
    const state = last(hosted, 'state');
    return state?.connected === true && state.devices.length === 2 && state.devices.every((d) => d.state === 'ready');
  });
const newCode = async (): Promise<string> =>
  (await staff.ask<{ code: string }>('POST', `/api/agents/${AGENT}/code`)).code;

beforeAll(async () => {
  campus = await startCampus({ gateAgent: AGENT });
  hub = await campus.startHub();
  staff = await logInAsFirst(() => hub);
});
afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  await campus.stop();
});

describe('the agent of a kiosk', () => {
  let kiosk: Hosted;

  test('says that nobody is enrolled, joins with a code, and hosts the devices', async () => {
    kiosk = start();
    await until('it says so', () => last(kiosk, 'fault')?.failure.code === 'E-AGENT-0304');
    kiosk.child.send({ type: 'enrol', url: hub.url, code: '0000-0000-0000' });
    await until('a wrong code is refused', () => last(kiosk, 'fault')?.failure.code === 'E-AGENT-0202');
    kiosk.child.send({ type: 'what is this' });
    kiosk.child.send({ type: 'enrol', url: hub.url, code: await newCode() });
    await until('it is ready', () => last(kiosk, 'ready') !== undefined);
    expect(last(kiosk, 'ready')).toMatchObject({ agent: AGENT, hub: 'hub-south', campus: 'south' });
    await devicesAreReady(kiosk);
    const agents = await staff.ask<AgentView[]>('GET', '/api/agents');
    expect(agents).toMatchObject([{ id: AGENT, connected: true, safeMode: null }]);
  });

  test('tells when a device goes down, when the hub is away, and when both are back', async () => {
    await campus.unplugGate();
    await until('the devices are down', () => last(kiosk, 'state')?.devices.every(({ state }) => state === 'down'));
    expect(last(kiosk, 'state')?.devices.every(({ code }) => code?.startsWith('E-DEV-'))).toBe(true);
    await campus.plugGate();
    await devicesAreReady(kiosk);
    await hub.stop('SIGKILL');
    await until('it is off-line', () => last(kiosk, 'state')?.connected === false);
    expect(last(kiosk, 'state')?.devices).toHaveLength(2);
    hub = await campus.startHub();
    await devicesAreReady(kiosk);
  });

  test('ends when it is told to, and when its parent lets go of it, and starts again', async () => {
    kiosk.child.send({ type: 'stop' });
    expect(await kiosk.exit).toBe(0);
    expect(last(kiosk, 'ended')).toEqual({ type: 'ended', how: 'stopped' });
    const orphan = start();
    await devicesAreReady(orphan);
    orphan.child.disconnect();
    expect(await orphan.exit).toBe(0);
    kiosk = start();
    await devicesAreReady(kiosk);
  });

  test('does not start where another one runs', async () => {
    const second = start();
    expect(await second.exit).toBe(78);
    expect(second.told).toMatchObject([{ type: 'fault', failure: { code: 'E-STORE-0103' } }]);
  });

  test('that is withdrawn says so and ends', async () => {
    await staff.ask('POST', `/api/agents/${AGENT}/revoke`);
    expect(await kiosk.exit).toBe(77);
    expect(last(kiosk, 'ended')).toEqual({ type: 'ended', how: 'withdrawn' });
  });
});
