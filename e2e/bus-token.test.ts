import { existsSync } from 'node:fs';
import { createTasmotaSimulator } from '@hallhub/device-drivers/protocols/tasmota';
import { mqttPeer } from '@hallhub/device-drivers/transports';
import { systemClock } from '@hallhub/sync/base';
import { chromium } from 'playwright-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCampus } from './testing/campus.ts';
import { cleanUp } from './testing/clean-up.ts';
import type { HttpClient } from './testing/http-client.ts';
import type { HubProcess } from './testing/hub-process.ts';
import { logInAsFirst } from './testing/staff.ts';
import { until } from './testing/until.ts';

/*
 * A plug that speaks Tasmota's topics comes to the hub's broker with the token that an operator reads from the page, and goes when
 * it is withdrawn there.
 */

const CHROMIUM = '/usr/bin/chromium';
const running = cleanUp();
const clock = systemClock({ mode: 'test' });
let hub: HubProcess;
let staff: HttpClient;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error('chromium is missing: apt-get install chromium');
  const campus = await startCampus({
    extra: {
      devices:
        '  - { id: plug, profile: tasmota/power-plug, label: { zh: 插座, en: Plug }, transport: { kind: mqtt }, params: { topic: plug } }',
      guests: '[{ id: plug, convention: tasmota, topic: plug }]',
    },
  });
  running.later(() => campus.stop());
  hub = await campus.startHub();
  staff = await logInAsFirst(() => hub);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  running.later(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 } });
  context.setDefaultTimeout(30_000);
  await context.addCookies(staff.cookies().map((cookie) => ({ ...cookie, url: hub.url })));
  page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
}, 120_000);
afterAll(() => running.run());

const stateOfPlug = async (): Promise<string | undefined> =>
  (await staff.ask<{ devices: { id: string; health: { state: string } }[] }>('GET', '/api/devices')).devices.find(
    ({ id }) => id === 'plug',
  )?.health.state;

test('a guest comes with the token from the page, and is cut off when that is withdrawn', async () => {
  await page.goto(`${hub.url}/devices?lang=en`);
  const row = page.getByRole('listitem').filter({ hasText: 'Tasmota' });
  await row.getByText('no credentials yet').waitFor();
  await row.getByRole('button', { name: 'Give a token' }).click();
  const password = await page.getByText('Password:').locator('code').textContent();
  const plug = createTasmotaSimulator({
    connect: mqttPeer({
      url: `mqtt://127.0.0.1:${hub.mqttPort}`,
      username: 'plug',
      password: password ?? '',
      clientId: 'DVES_1',
    }),
    clock,
    topic: 'plug',
    relays: 1,
    hasEnergyMeter: true,
  });
  plug.start();
  running.later(() => plug.stop());
  await until('the plug is ready', async () => (await stateOfPlug()) === 'ready', { every: 200 });

  await page.reload();
  expect(await page.getByText('Password:').count()).toBe(0);
  await row.getByRole('button', { name: 'Withdraw' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Confirm' }).click();
  await row.getByText('credentials withdrawn').waitFor();
  await until('the plug is gone', async () => (await stateOfPlug()) !== 'ready', { every: 200, within: 60_000 });
  expect(complaints).toEqual([]);
});
