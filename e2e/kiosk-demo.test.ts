import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { KioskView } from '../hub/api/types.ts';
import { cleanUp } from './testing/clean-up.ts';
import { LAUNCHER, loopback } from './testing/hub-process.ts';
import type { Program } from './testing/program.ts';
import { runProgram } from './testing/program.ts';
import { maybe, until } from './testing/until.ts';

/* The kiosk's screens against a real hub, with a reader and a printer that speak their own bytes. Each test goes on from the one before. */

const SCREENS = join(import.meta.dirname, '../kiosk-app/dist/ui/index.html');
const CHROMIUM = '/usr/bin/chromium';
const READER = '/api/floor/readers/kiosk-reader/card';
const PATIENCE = 60_000;

interface Floor {
  readonly people: readonly { readonly key: string; readonly name: string }[];
  readonly printers: readonly { readonly id: string; readonly sheets: number }[];
  readonly payments: readonly { readonly orderId: string }[];
}

const running = cleanUp();
let demo: Program;
let browser: Browser;
let hub: string;
let kiosk: string;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error('chromium is missing: apt-get install chromium');
  if (!existsSync(SCREENS)) throw new Error(`${SCREENS} is missing: npm run build:web`);
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-kiosk-'));
  running.later(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  demo = runProgram({
    command: process.execPath,
    arguments: [LAUNCHER, 'demo'],
    env: { HALLHUB_HTTP_PORT: '0', HALLHUB_HALL_PORT: '0', HALLHUB_DATA_DIR: folder },
  });
  running.later(() => demo.stop('SIGTERM'));
  hub = loopback(await demo.says(/(http\S+)\/floor/));
  kiosk = loopback(await demo.says(/(http\S+\/kiosk\/library#token=\S+)/));
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  running.later(() => browser.close());
});
afterAll(() => running.run());

const complaints: string[] = [];
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1_080, height: 1_920 }, hasTouch: true });
  context.setDefaultTimeout(PATIENCE);
  page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
});
afterEach(async () => {
  // Whoever a failed test left there must not stand before the next one's screen.
  await context.request.post(`${hub}/api/kiosks/library/leave`, { headers: { 'x-hallhub': '1' } });
  await context.close();
  await post(READER, { person: null });
  expect(complaints.splice(0)).toEqual([]);
});

const post = (path: string, body: object): Promise<Response> =>
  fetch(`${hub}${path}`, {
    method: 'POST',
    headers: { 'x-hallhub': '1', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const floor = async (): Promise<Floor> => (await (await fetch(`${hub}/api/floor`)).json()) as Floor;
const sheets = async (): Promise<number> => (await floor()).printers[0]?.sheets ?? 0;
const isKnown = async (): Promise<unknown> => {
  const view = await context.request.get(`${hub}/api/kiosks/library`);
  return ((await view.json()) as KioskView).person;
};
/** Puts the card on the reader, and once more when it was too quick to be noticed: it had lain there a moment ago. */
const swipe = async (name: string): Promise<void> => {
  const holder = (await floor()).people.find((one) => one.name === name);
  await until(
    'the kiosk knows who stands there',
    async () => {
      await post(READER, { person: null });
      await maybe(isKnown, { within: 1_000, every: 200 });
      await post(READER, { person: holder?.key });
      return maybe(isKnown, { within: 5_000, every: 200 });
    },
    { within: PATIENCE },
  );
};
const open = async (language: 'zh' | 'en'): Promise<void> => {
  await page.goto(kiosk.replace('#', `?lang=${language}#`));
  await page.locator('h1').first().waitFor();
};
const tap = (name: RegExp): Promise<void> => page.getByRole('button', { name }).first().tap();
/** The screen that asks whether the paper was taken, after whatever comes before it. */
const choose = async (): Promise<void> => {
  await page.locator('button.entry:enabled').first().tap();
  await page.locator('canvas').first().waitFor();
  await tap(/内容无误|It is right/);
};

describe('a student', () => {
  test.each(['zh', 'en'] as const)('gets paper by card, and the screen forgets them (%s)', async (language) => {
    const before = await sheets();
    await open(language);
    await tap(/打印证明|Print a cert/);
    await swipe('刘一');
    await choose();
    await tap(/^(打印|Print) 1/);
    await page
      .getByText(/请取走证明|take your/i)
      .first()
      .waitFor();
    await until('the sheet lies in the tray', async () => (await sheets()) === before + 1);
    await tap(/已取走|taken/i);
    await page
      .getByRole('button', { name: /打印证明|Print a cert/ })
      .first()
      .waitFor();
    expect(await page.locator('body').innerText()).not.toContain('刘');
  });

  test('is told before identifying that the paper is out, and waits for it when it ends in the middle', async () => {
    const before = await sheets();
    await open('zh');
    await tap(/打印证明/);
    await swipe('刘一');
    await choose();
    await post('/api/floor/printers/kiosk-printer/fault', { fault: 'paper-out' });
    await tap(/^打印 1/);
    await page
      .getByText(/E-PRN-0201|缺纸/)
      .first()
      .waitFor();
    expect(await sheets()).toBe(before);
    await tap(/退出|完成|知道了/);
    await page.getByRole('alert').first().waitFor();
    await post('/api/floor/printers/kiosk-printer/fault', { fault: null });
  });

  test('tops up their campus card with the code on the screen', async () => {
    await open('zh');
    await tap(/校园卡/);
    await swipe('刘一');
    await page.getByText('104.50').first().waitFor();
    await tap(/充值/);
    await tap(/50/);
    const order = await until('a code waits to be paid', async () => (await floor()).payments[0]?.orderId);
    await post(`/api/floor/payments/${order}`, {});
    await page
      .getByText(/充值成功|已到账/)
      .first()
      .waitFor();
  });
});
