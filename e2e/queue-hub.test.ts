import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ms } from '@hallhub/sync/base';
import type { Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { openQueue } from '../hub/queue/testing/rig.ts';
import { cleanUp } from './testing/clean-up.ts';
import { serveQueue } from './testing/queue-server.ts';
import { until } from './testing/until.ts';

/* Phone, counter and board in three real browsers, with the hub's own routes and a real database behind them. */

const WEB = join(import.meta.dirname, '../hub/dist/web');
const CHROMIUM = '/usr/bin/chromium';
/** The hub's clock goes on by so much with every look at a page. */
const STEP = ms(100);

const running = cleanUp();
afterAll(() => running.run());

test('a number that was taken by phone is called at the counter, stands on the board, and is finished', async () => {
  for (const file of [CHROMIUM, join(WEB, 'index.html')]) if (!existsSync(file)) throw new Error(`${file} is missing`);
  const rig = openQueue();
  const { url, close } = await serveQueue(rig, WEB);
  running.later(close);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  running.later(() => browser.close());

  const complaints: string[] = [];
  const open = async (path: string, cookie?: string): Promise<Page> => {
    const context = await browser.newContext();
    if (cookie !== undefined) await context.addCookies([{ name: 'hallhub_session', value: cookie, url }]);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${url}${path}`);
    return page;
  };
  const shows = (page: Page, selector: string, text: string): Promise<unknown> =>
    until(`${selector} shows ${text}`, async () => {
      rig.clock.advance(STEP);
      return (await page.locator(selector).filter({ hasText: text }).count()) > 0;
    });

  /** What is pressed while an order is under way counts for nothing, and others may see what it did before its page does. */
  const press = async (page: Page, key: string, on: string): Promise<void> => {
    await shows(page, '.keys button:enabled', on);
    await page.keyboard.press(key);
  };

  const board = await open('/board/main');
  const counter = await open('/counter/c1', 'li');
  const phone = await open(`/q/main?door=${rig.queue.door.code('main').code}`);
  await phone.getByRole('button', { name: 'fees' }).click();
  await phone.getByRole('button', { name: '取号', exact: true }).click();
  await shows(phone, '.number', 'B001');
  await counter.getByRole('button', { name: '打开窗口' }).click();
  await shows(counter, 'ol li', 'B001');
  await press(counter, 'n', '呼叫下一位');
  await shows(counter, 'section.called', 'B001');
  await shows(phone, '.number.called', '1号窗口');
  await shows(board, '.newest.calling', 'B001');
  await press(counter, 'b', '开始办理');
  await shows(board, '.newest:not(.calling)', 'B001');
  await press(counter, 'f', '办结');
  await shows(counter, 'section li button:enabled', '已办好');
  await counter.keyboard.press('1');
  await shows(phone, '.number', '已办结');
  const finished = await fetch(`${url}/api/queue/counters/c1`, { headers: { cookie: 'hallhub_session=li' } });
  expect(await finished.json()).toMatchObject({ state: 'free', served: 1, by: '李静' });
  // Called once, whatever was pressed and shown again meanwhile.
  const calls = rig.queue.desk.calls('main', rig.queue.halls.day(rig.clock.now()), 10);
  expect(calls.map(({ number, counter, times }) => [number, counter, times])).toEqual([['B001', 'c1', 1]]);
  expect(complaints).toEqual([]);
});
