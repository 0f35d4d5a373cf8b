import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { KioskView } from '../hub/api/types.ts';
import type { FloorState } from '../hub/demo/floor-state.ts';
import { qrIn } from '../device-drivers/protocols/escpos/testing/zbar.ts';
import { cleanUp } from './testing/clean-up.ts';
import type { HttpClient } from './testing/http-client.ts';
import { httpClient } from './testing/http-client.ts';
import { LAUNCHER, loopback } from './testing/hub-process.ts';
import type { Program } from './testing/program.ts';
import { runProgram } from './testing/program.ts';
import { FIRST_OPERATOR } from './testing/staff.ts';
import { maybe, until } from './testing/until.ts';

/* The kiosk as a ticket machine, against a real hub: a reader, a ticket printer and a counter speak their own bytes. */

const SCREENS = join(import.meta.dirname, '../kiosk-app/dist/ui/index.html');
const CHROMIUM = '/usr/bin/chromium';
const PATIENCE = 60_000;
const API = { every: 100, within: PATIENCE } as const;

const running = cleanUp();
let demo: Program;
let browser: Browser;
let hub: string;
let kiosk: string;
let staff: HttpClient;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error('chromium is missing: apt-get install chromium');
  if (!existsSync(SCREENS)) throw new Error(`${SCREENS} is missing: npm run build:web`);
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-tickets-'));
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
  staff = httpClient(() => hub);
  const token = await demo.says(/\/join#token=(\S+)/);
  await staff.ask('POST', '/api/invitations/accept', { token, ...FIRST_OPERATOR });
  await staff.ask('POST', '/api/session', { login: FIRST_OPERATOR.login, password: FIRST_OPERATOR.password });
  await until(
    'the ticket printer is ready',
    async () =>
      (await staff.ask<{ devices: { id: string; health: { state: string } }[] }>('GET', '/api/devices')).devices.some(
        ({ id, health }) => id === 'ticket-printer' && health.state === 'ready',
      ),
    API,
  );
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
  await onFloor('readers/kiosk-reader/card', { person: null });
  await onFloor('counter/paper', { paper: 'ok' });
  expect(complaints.splice(0)).toEqual([]);
});

const onFloor = (path: string, body: object): Promise<unknown> => staff.ask('POST', `/api/floor/${path}`, body);
const floor = (): Promise<FloorState> => staff.ask('GET', '/api/floor');
const isKnown = async (): Promise<unknown> => {
  const view = await context.request.get(`${hub}/api/kiosks/library`);
  return ((await view.json()) as KioskView).person;
};
const swipe = async (name: string): Promise<void> => {
  const holder = (await floor()).people.find((one) => one.name === name);
  await until(
    'the kiosk knows who stands there',
    async () => {
      await onFloor('readers/kiosk-reader/card', { person: null });
      await maybe(isKnown, { within: 1_000, every: 200 });
      await onFloor('readers/kiosk-reader/card', { person: holder?.key });
      return maybe(isKnown, { within: 5_000, every: 200 });
    },
    { within: PATIENCE },
  );
};
const tap = (name: RegExp): Promise<void> => page.getByRole('button', { name }).first().tap();
const shows = (text: RegExp): Promise<void> => page.getByText(text).first().waitFor();
const open = async (language: 'zh' | 'en' = 'zh'): Promise<void> => {
  await page.goto(kiosk.replace('#', `?lang=${language}#`));
  await tap(/取号|Take a number/);
  await shows(/您要办什么|What is it about/);
};
const confirm = (): Promise<void> => tap(/^(取号|Take a number)/);

describe('a ticket machine', () => {
  test.each(['zh', 'en'] as const)('gives a number to whoever wants one, on paper (%s)', async (language) => {
    const before = (await floor()).counter.tickets;
    await open(language);
    await tap(/校园卡|Campus card/);
    await confirm();
    await shows(/请取走号票|take your ticket/);
    const { ticket } = await until(
      'it is printed',
      async () => {
        const { counter } = await floor();
        return counter.tickets > before && counter;
      },
      API,
    );
    expect(ticket).toMatch(/B00\d/);
    expect(ticket).toContain('[QR http://localhost');
  });

  test('shows the number and its QR code while there is no paper, and prints it when there is some again', async () => {
    await open();
    await onFloor('counter/paper', { paper: 'end' });
    await tap(/校园卡/);
    await confirm();
    await shows(/请记下您的号码/);
    expect(qrIn(await page.screenshot())).toMatch(/^http:\/\/localhost:\d+\/t\/[\w-]{22}$/);
    const number = await page
      .getByText(/^B\d{3}$/)
      .first()
      .innerText();
    // A new roll is empty.
    expect((await floor()).counter.ticket ?? '').not.toContain(number);
    const { tickets } = await staff.ask<{ tickets: readonly { number: string }[] }>(
      'GET',
      '/api/queue/halls/main/waiting',
    );
    expect(tickets.map((one) => one.number)).toContain(number);
    await onFloor('counter/paper', { paper: 'ok' });
    await until(
      'it is printed again',
      async () => {
        const again = page.getByRole('button', { name: /再试打印/ });
        if ((await again.count()) > 0 && (await again.isEnabled())) await again.tap();
        return (await floor()).counter.ticket?.includes(number) === true;
      },
      { every: 1_000, within: PATIENCE },
    );
    await shows(/请取走号票/);
    expect((await floor()).counter.ticket).toContain(number);
  });

  test('knows the appointment and the approved requests of whoever shows a card, and checks them in', async () => {
    await open();
    await tap(/我的预约和办件/);
    await shows(/验证方式/);
    await swipe('刘一');
    await shows(/可以签到取号/);
    await shows(/您已获批的办件/);
    await tap(/可以签到取号/);
    await confirm();
    await shows(/请取走号票/);
    const { tickets } = await staff.ask<{
      tickets: readonly { source: string; appointment?: object; person?: string }[];
    }>('GET', '/api/queue/halls/main/waiting');
    expect(tickets.find(({ appointment }) => appointment)?.person).toBe('刘*');
    expect(await page.content()).not.toContain('刘一');
  });
});

test('at the counter the keypad calls who took them: LED screen, loudspeaker and rating pad', async () => {
  await staff.ask('POST', '/api/queue/counters/c1/open', { takeOver: false });
  const { sounds } = (await floor()).counter;
  await onFloor('counter/keys', { key: 'next' });
  const { shows: number } = await until(
    'the LED screen shows a number',
    async () => {
      const { counter } = await floor();
      return /^[AB]\d{3}$/.test(counter.shows) && counter;
    },
    API,
  );
  await until('it is said', async () => (await floor()).counter.sounds > sounds, API);
  const board = await staff.ask<{ calls: readonly { number: string }[] }>('GET', '/api/queue/halls/main/board');
  expect(board.calls[0]?.number).toBe(number);
  await onFloor('counter/keys', { key: 'finish' });
  await until('the pad asks', async () => (await floor()).counter.asksForRating, API);
  await onFloor('counter/rating', { score: 5 });
  await until('the screen is empty', async () => (await floor()).counter.shows === '', API);
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short' }).format();
  await until(
    'the rating is counted',
    async () => {
      const { rows } = await staff.ask<{ rows: readonly { key: string; rating?: { mean: number } }[] }>(
        'GET',
        `/api/queue/statistics?hall=main&from=${day}&to=${day}&by=counter`,
      );
      return rows.find(({ key }) => key === 'c1')?.rating?.mean === 5;
    },
    API,
  );
});
