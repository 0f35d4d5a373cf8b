import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ToParent } from '../kiosk-app/agent/messages.ts';
import { makeApp } from '../kiosk-app/packaging/make-app.ts';
import type { Campus } from './testing/campus.ts';
import { KIOSK, startCampus } from './testing/campus.ts';
import type { HubProcess } from './testing/hub-process.ts';
import { logInAsFirst } from './testing/staff.ts';
import { until } from './testing/until.ts';

/*
 * What electron-builder packs, started as the agent of a kiosk by plain Node that takes types off nothing. Electron itself is
 * not needed for that, and not started.
 */

const AGENT = 'kiosk-pc';
const running: ChildProcess[] = [];
let app: string;
let campus: Campus;
let hub: HubProcess;

beforeAll(async () => {
  app = mkdtempSync(join(tmpdir(), 'hallhub-packed-'));
  makeApp(app);
  symlinkSync(join(import.meta.dirname, '../node_modules'), join(app, 'node_modules'));
  campus = await startCampus({ kioskAgent: AGENT });
  hub = await campus.startHub();
});
afterAll(async () => {
  for (const child of running) if (child.exitCode === null) child.kill('SIGKILL');
  await campus.stop();
  rmSync(app, { recursive: true });
});

test('the packed agent enrols, speaks to its devices in threads of its own, and serves the kiosk’s screens', async () => {
  const staff = await logInAsFirst(() => hub);
  const child = fork(join(app, 'kiosk-app/agent/main.mjs'), [campus.agentDir], {
    execArgv: ['--no-strip-types'],
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  running.push(child);
  const told: ToParent[] = [];
  child.on('message', (message) => told.push(message as ToParent));
  const last = <T extends ToParent['type']>(type: T) =>
    told.findLast((message): message is Extract<ToParent, { type: T }> => message.type === type);

  await until('it asks for a code', () => last('fault')?.failure.code === 'E-AGENT-0304');
  const { code } = await staff.ask<{ code: string }>('POST', `/api/agents/${AGENT}/code`);
  child.send({ type: 'enrol', url: hub.url, code });
  await until('its devices are ready', () => {
    const state = last('state');
    return state?.connected === true && state.devices.length === 2 && state.devices.every((d) => d.state === 'ready');
  });
  const { url, token } = await until('it says where its screens are', () => last('screens'));
  const page = await fetch(`${url}/kiosk/${KIOSK}`);
  expect(page.status).toBe(200);
  const script = /src="(\/kiosk\/assets\/[\w.-]+\.js)"/.exec(await page.text())?.[1];
  expect((await fetch(`${url}${script}`)).headers.get('content-type')).toContain('javascript');
  const view = await fetch(`${url}/api/kiosks/${KIOSK}`, { headers: { cookie: `hallhub_kiosk=${token}` } });
  expect(view.status).toBe(200);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.send({ type: 'stop' });
  expect(await ended).toBe(0);
});
