import { type KeyObject, generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBundle } from '@hallhub/firmware-profiles/bundle';
import { builtInFiles } from '@hallhub/firmware-profiles/schema';
import type { AgentView } from '../hub/agents/view.ts';
import type { ProfilesView } from '../hub/profiles/view.ts';
import type { DeviceView } from '../hub/devices/index.ts';
import type { EntryView } from '../hub/gates/views.ts';
import { enrolAgent, launchAgent, startAgentProcess } from './testing/agent-process.ts';
import type { Campus } from './testing/campus.ts';
import { GATE, startCampus } from './testing/campus.ts';
import type { HttpClient } from './testing/http-client.ts';
import type { HubProcess } from './testing/hub-process.ts';
import { approveVisit, person } from './testing/people.ts';
import type { Program } from './testing/program.ts';
import { logInAsFirst } from './testing/staff.ts';
import { until } from './testing/until.ts';

/*
 * A gate whose reader and turnstile hang on an agent: hub and agent are the programs that users start, with MQTT between
 * them and ptys behind the agent. Each step goes on from the one before.
 */

const AGENT = 'south-gate';
const maker = generateKeyPairSync('ed25519');
const API = { every: 100 } as const;

let campus: Campus;
let hub: HubProcess;
let agent: Program;
let staff: HttpClient;

beforeAll(async () => {
  campus = await startCampus({
    gateAgent: AGENT,
    profileKey: Buffer.from(maker.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64'),
  });
  hub = await campus.startHub();
  staff = await logInAsFirst(() => hub);
});
afterAll(async () => {
  if (agent.exit === undefined) await agent.stop('SIGKILL');
  await campus.stop();
});

const view = async (): Promise<AgentView> => {
  const [only] = await staff.ask<AgentView[]>('GET', '/api/agents');
  if (!only) throw new Error('the configured agent is not listed');
  return only;
};
const gateIs = (state: string): Promise<unknown> =>
  until(
    `every device of the gate is ${state}`,
    async () => {
      const gates = await staff.ask<{ devices: { state: string }[] }[]>('GET', '/api/gates');
      return gates.every(({ devices }) => devices.every((device) => device.state === state));
    },
    API,
  );
const newCode = async (): Promise<string> =>
  (await staff.ask<{ code: string }>('POST', `/api/agents/${AGENT}/code`)).code;
const profiles = (): Promise<ProfilesView> => staff.ask<ProfilesView>('GET', '/api/profiles');
const add = (bytes: Uint8Array): Promise<unknown> =>
  staff.ask('POST', '/api/profiles/bundles', { bundle: Buffer.from(bytes).toString('base64') });

/** The built-in profiles with that of the gate's reader changed. */
function bundle(version: string, changes: object, signedBy: KeyObject = maker.privateKey): Uint8Array {
  const files = new Map(builtInFiles());
  const name = 'generic/resident-id-serial.json';
  files.set(name, JSON.stringify({ ...(JSON.parse(files.get(name) ?? '') as object), ...changes }));
  return createBundle({ version, createdAt: 1, files, keyId: 'maker', privateKey: signedBy });
}
const entries = (): Promise<readonly EntryView[]> => staff.ask<EntryView[]>('GET', '/api/gates/entries');

/** A visit is approved, its visitor swipes and walks in, and the hall hears of it. */
async function letSomebodyIn(name: string, order: number): Promise<void> {
  const visitor = person(name, order);
  const id = approveVisit(campus.hall, visitor, GATE);
  await until(
    'the visit reaches the hub',
    async () => (await staff.ask<{ id: string }[]>('GET', '/api/requests')).some((request) => request.id === id),
    API,
  );
  const before = (await entries())[0]?.seq ?? 0;
  await campus.gateReader.put(visitor.card);
  const entry = await until('the gate decides', async () => (await entries()).find(({ seq }) => seq > before), API);
  await campus.gateReader.lift();
  expect(entry).toMatchObject({ requestId: id });
  expect(entry.state).not.toBe('refused');
  await until('somebody walks through', () => campus.turnstile.walk());
  await until('the hall hears of it', () =>
    campus.hall.inbox
      .list({ limit: 1_000 })
      .some(({ type, subject }) => type === 'hallhub.visitor-access.entered.v1' && subject === id),
  );
}

describe('an agent', () => {
  test('is nobody without a code, and a wrong code does not help', async () => {
    const nobody = launchAgent(campus.agentDir);
    agent = nobody;
    expect((await nobody.ended()).code).toBe(78);
    expect(nobody.stderr).toContain('E-AGENT-0304');
    const wrong = await enrolAgent({ dataDir: campus.agentDir, url: hub.url, code: '0000-0000-0000' });
    expect(wrong.exit?.code).toBe(78);
    expect(wrong.stderr).toContain('E-AGENT-0202');
  });

  test('is enrolled with a one-time code, takes over its devices and lets a visitor in', async () => {
    const code = await newCode();
    const enrolled = await enrolAgent({ dataDir: campus.agentDir, url: hub.url, code });
    expect(enrolled.exit?.code, enrolled.stderr).toBe(0);
    const again = await enrolAgent({ dataDir: campus.agentDir, url: hub.url, code });
    expect(again.stderr).toContain('E-AGENT-0202');
    agent = await startAgentProcess(campus.agentDir);
    await gateIs('ready');
    expect(await view()).toMatchObject({
      connected: true,
      safeMode: null,
      devices: ['south-reader', 'south-turnstile'],
    });
    await letSomebodyIn('访客甲', 1);
  });

  test('is told from an agent that is there: its devices are down while it is not', async () => {
    await agent.stop('SIGKILL');
    await gateIs('down');
    expect((await view()).connected).toBe(false);
    agent = await startAgentProcess(campus.agentDir);
    await gateIs('ready');
    await letSomebodyIn('访客乙', 2);
  });

  test('takes over a bundle of profiles without a restart, and gets the one before back when devices go dark', async () => {
    const inUse = (version: string): Promise<unknown> =>
      until(`the agent runs ${version}`, async () => (await view()).profiles === version, API);
    await add(bundle('2026.11', { capabilities: ['cardReader', 'tamper'] }));
    await staff.ask('POST', '/api/profiles/use', { version: '2026.11' });
    await inUse('2026.11');
    await gateIs('ready');
    const { devices } = await staff.ask<{ devices: DeviceView[] }>('GET', '/api/devices');
    expect(devices.find(({ id }) => id === 'south-reader')?.capabilities).toContain('tamper');
    await until('the trial is passed', async () => (await profiles()).trialUntil === null, API);
    // A reader that is taken for one of another make never answers.
    await add(bundle('2026.12', { protocol: 'osdp', params: {} }));
    await staff.ask('POST', '/api/profiles/use', { version: '2026.12' });
    await inUse('2026.12');
    await until('the one before is back', async () => (await profiles()).current === '2026.11', API);
    await inUse('2026.11');
    await gateIs('ready');
    await letSomebodyIn('访客丁', 4);
    const strange = bundle('2027.1', {}, generateKeyPairSync('ed25519').privateKey);
    await expect(add(strange)).rejects.toThrow('E-PROFILE-0202');
  });

  test('finds its hub again that was killed', async () => {
    await hub.stop('SIGKILL');
    hub = await campus.startHub();
    await gateIs('ready');
    await letSomebodyIn('访客丙', 3);
    await until('nothing waits to go up', async () => (await view()).pendingEvents === 0, API);
  });

  test('that dies again and again leaves its devices alone, and starts afresh when it is told to', async () => {
    let started = 0;
    for (let death = 0; death < 6; death += 1) {
      await agent.stop('SIGKILL');
      started = Date.now();
      agent = await startAgentProcess(campus.agentDir);
    }
    const isReported = ({ connected, safeMode, heardAt }: AgentView): boolean =>
      connected && safeMode !== null && (heardAt ?? 0) > started;
    await until('safe mode is reported', async () => isReported(await view()), API);
    await staff.ask('POST', `/api/agents/${AGENT}/leave-safe-mode`);
    expect((await agent.ended()).code).toBe(75);
    agent = await startAgentProcess(campus.agentDir);
    await gateIs('ready');
    expect((await view()).safeMode).toBeNull();
  });

  test('that is withdrawn destroys its keys and does not come back', async () => {
    await staff.ask('POST', `/api/agents/${AGENT}/revoke`);
    expect((await agent.ended()).code).toBe(77);
    expect(existsSync(join(campus.agentDir, 'identity.json'))).toBe(false);
    expect(existsSync(join(campus.agentDir, 'agent.db'))).toBe(false);
    agent = launchAgent(campus.agentDir);
    expect((await agent.ended()).code).toBe(78);
    expect((await view()).revokedAt).not.toBeNull();
  });
});
