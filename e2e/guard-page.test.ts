import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@hallhub/device-drivers/kit/testing';
import type { Browser, Locator, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../hub/certificates/testing/tools.ts';
import type { Campus } from './testing/campus.ts';
import { GATE, startCampus } from './testing/campus.ts';
import { cleanUp } from './testing/clean-up.ts';
import type { GateWatch } from './testing/gate-watch.ts';
import { watchGates } from './testing/gate-watch.ts';
import type { HubProcess } from './testing/hub-process.ts';
import type { Lanes } from './testing/lanes.ts';
import { startLanes } from './testing/lanes.ts';
import { approveVisit, person } from './testing/people.ts';
import { FIRST_OPERATOR, logInAsFirst } from './testing/staff.ts';
import { until } from './testing/until.ts';

/*
 * The guard's tablet in a real browser, at gates with real bytes behind them: two gates at once, a hub that is restarted under
 * the page, alarms and fire, a visitor's code that a scanner reads off the screen.
 */

const CHROMIUM = '/usr/bin/chromium';
const WEB = join(import.meta.dirname, '../hub/dist/web/index.html');

const running = cleanUp();
let campus: Campus;
let lanes: Lanes;
let hub: HubProcess;
let watch: GateWatch;
let page: Page;
let south: Locator;
let east: Locator;
const uncaught: string[] = [];

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error('chromium is missing: apt-get install chromium');
  if (!existsSync(WEB)) throw new Error(`${WEB} is missing: npm run build:web`);
  lanes = await startLanes();
  running.later(() => lanes.stop());
  campus = await startCampus({ extra: lanes.extra, httpPort: await freePort() });
  running.later(() => campus.stop());
  hub = await campus.startHub();
  const staff = await logInAsFirst(() => hub);
  watch = watchGates(campus, staff);
  await until('the terminal is greeted', () =>
    lanes.doorTerminal.handshake().then((answer) => answer.startsWith('GET OPTION')),
  );
  await watch.ready();
  const browser: Browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  running.later(() => browser.close());
  const context = await browser.newContext({ locale: 'zh-CN', viewport: { width: 1_280, height: 800 } });
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => uncaught.push(error.message));
  await page.goto(`${hub.url}/login?lang=zh`);
  await page.locator('input[autocomplete=username]').fill(FIRST_OPERATOR.login);
  await page.locator('input[type=password]').fill(FIRST_OPERATOR.password);
  await page.locator('button.primary').click();
  await page.waitForURL('**/gates');
  south = page.getByRole('region', { name: '南门' });
  east = page.getByRole('region', { name: 'east' });
});
afterAll(async () => {
  await running.run();
  expect(uncaught).toEqual([]);
});

const swipe = async (name: string, order: number): Promise<void> => {
  await campus.gateReader.put(person(name, order).card);
};

describe('two gates on one screen', () => {
  test('show who comes at either, and why they were refused', async () => {
    await swipe('赵无名', 1);
    await south.getByText('赵*名').waitFor();
    await south.getByText('未找到通行授权').waitFor();
    await campus.gateReader.lift();
    await lanes.eastScanner.scan('https://menu.example.edu/');
    await east.getByText('无法识别的二维码').waitFor();
    expect(await south.getByText('无法识别的二维码').count()).toBe(0);
  });

  test('let somebody in with two taps, for a reason that stays in the list', async () => {
    const before = campus.turnstile.pulses.length;
    await south.getByRole('button', { name: '放行', exact: true }).first().click();
    await south.getByRole('button', { name: '已人工核对证件' }).click();
    await south.getByText('人工放行：已人工核对证件').waitFor();
    await until('somebody walks through', () => campus.turnstile.walk());
    await south.getByText('已通过').waitFor();
    expect(campus.turnstile.pulses).toHaveLength(before + 1);
  });
});

describe('who is inside', () => {
  const walkIn = async (name: string, order: number): Promise<void> => {
    const visitor = person(name, order);
    await watch.reached(approveVisit(campus.hall, visitor, GATE));
    await campus.gateReader.put(visitor.card);
    await until('somebody walks through', () => campus.turnstile.walk());
    await campus.gateReader.lift();
  };

  test('is asked for while somebody looks, and kept up with', async () => {
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/inside')) asked.push(request.url());
    });
    await walkIn('孙在内', 11);
    await south.getByText('已通过').nth(1).waitFor();
    expect(asked).toEqual([]);
    await page.getByRole('tab', { name: '在场人员' }).click();
    const panel = page.getByRole('tabpanel', { name: '在场人员' });
    await panel.getByText('孙*内').waitFor();
    await walkIn('李后来', 12);
    await panel.getByText('李*来').waitFor();
    await page.getByRole('tab', { name: '访客查询' }).click();
  });
});

describe('a page whose first questions the hub does not answer', () => {
  test('asks again, and shows whoever came and comes', async () => {
    const other = await page.context().newPage();
    let refused = 0;
    await other.route('**/api/gates/**', (route) => {
      refused += 1;
      return refused <= 3 ? route.fulfill({ status: 429, json: { code: 'E-API-0429' } }) : route.continue();
    });
    await other.goto(`${hub.url}/gates?lang=zh`);
    await other.getByRole('region', { name: '南门' }).getByText('未找到通行授权').first().waitFor();
    expect(refused).toBeGreaterThan(3);
    await other.close();
  });
});

describe('a hub that is restarted under the page', () => {
  test('is missed in words; what was typed and seen stays, and nothing that was tapped meanwhile opens later', async () => {
    const search = page.getByRole('textbox', { name: '姓名（今日有效）' });
    await search.fill('王');
    await hub.stop('SIGTERM');
    await page.getByText('与中心的连接已中断').waitFor();
    await south.getByText('赵*名').first().waitFor();
    expect(await search.inputValue()).toBe('王');
    const before = campus.turnstile.pulses.length;
    await south.getByRole('button', { name: '无证件放行' }).click();
    await south.getByRole('button', { name: '紧急情况' }).click();
    await south.getByText('E-WEB-0101').waitFor();
    await south.getByRole('button', { name: '取消' }).click();

    hub = await campus.startHub();
    await swipe('钱不识', 2);
    await page.getByText('与中心的连接已中断').waitFor({ state: 'detached' });
    await south.getByText('钱*识').waitFor();
    await campus.gateReader.lift();
    expect(campus.turnstile.pulses).toHaveLength(before);
    expect(await search.inputValue()).toBe('王');
  });

  test('goes on where it was: the next one is let in from the same page', async () => {
    const before = campus.turnstile.pulses.length;
    await south.getByRole('button', { name: '放行', exact: true }).first().click();
    await south.getByRole('button', { name: '接待人当面确认' }).click();
    await south.getByText('人工放行：接待人当面确认').waitFor();
    await until('somebody walks through', () => campus.turnstile.walk());
    expect(campus.turnstile.pulses).toHaveLength(before + 1);
  });
});

describe('a code on the screen', () => {
  test('of an approved visitor is read by a scanner, opens, and the hall hears of it', async () => {
    const visit = approveVisit(campus.hall, person('王访客', 3), 'east');
    await watch.reached(visit);
    await page.getByRole('textbox', { name: '姓名（今日有效）' }).fill('王访');
    await page.getByRole('button', { name: '查询', exact: true }).click();
    await page.getByRole('button', { name: '访客码' }).click();
    const image = page.getByRole('img', { name: '访客二维码' });
    await image.waitFor();
    const folder = mkdtempSync(join(tmpdir(), 'hallhub-qr-'));
    running.later(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const file = join(folder, 'code.png');
    await image.screenshot({ path: file });
    const text = run('zbarimg', ['-q', '--nodbus', '--raw', file]).toString('utf8').trim();
    expect(text).toMatch(/^HHV:/);
    const entry = await watch.decides('east', () => lanes.eastScanner.scan(text));
    expect(entry).toMatchObject({ requestId: visit, method: 'visitor-code' });
    await until('somebody walks through', () => lanes.eastTurnstile.walk());
    await east.getByText('王*客').waitFor();
    await watch.told('hallhub.visitor-access.entered.v1', visit);
  });
});

describe('what must not be overlooked', () => {
  test('somebody on another’s heels is an alarm until the guard has seen to it', async () => {
    const visit = approveVisit(campus.hall, person('孙前行', 4), GATE);
    await watch.reached(visit);
    await swipe('孙前行', 4);
    await until('somebody walks through', () => campus.turnstile.walk());
    // At once, and not when the page has caught up: whoever comes seconds later is on nobody's heels.
    await until('somebody follows in the same moment', () => campus.turnstile.cross());
    await campus.gateReader.lift();
    await south.getByText('孙*行').waitFor();
    const alarms = page.getByRole('alert', { name: '报警' });
    await alarms.getByText('尾随通过').waitFor();
    await alarms.getByRole('button', { name: '已处理' }).click();
    await alarms.waitFor({ state: 'detached' });
  });

  test('a fire releases its area until somebody says twice that it is over, and the contact alone does not', async () => {
    lanes.fireContact.setInput(0, false);
    const banner = page.getByRole('status').filter({ hasText: '消防放开' });
    await banner.waitFor();
    await page.getByRole('alert', { name: '报警' }).getByText('消防报警').waitFor();
    lanes.fireContact.setInput(0, true);
    await page.getByText('已自行解除').waitFor();
    expect(await banner.isVisible()).toBe(true);
    // On a tablet, with the tools below the lanes in view.
    await page.setViewportSize({ width: 820, height: 1_180 });
    await page.evaluate('scrollTo(0, document.body.scrollHeight)');
    expect(await page.evaluate<number>('scrollY')).toBeGreaterThan(0);
    expect((await banner.boundingBox())?.y).toBeGreaterThanOrEqual(0);
    await banner.getByRole('button', { name: '恢复正常' }).click();
    await banner.getByText('确认火警已解除、人员已疏散？').waitFor();
    await banner.getByRole('button', { name: '确认恢复' }).click();
    await banner.waitFor({ state: 'detached' });
  });
});
