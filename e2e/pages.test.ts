import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp } from './testing/clean-up.ts';
import { LAUNCHER, loopback } from './testing/hub-process.ts';
import type { Program } from './testing/program.ts';
import { runProgram } from './testing/program.ts';
import { FIRST_OPERATOR } from './testing/staff.ts';

/*
 * Every page of the demo in a real browser: it loads in both languages, nothing goes wrong in the console, everybody can
 * use it (axe-core), and the two main jobs can be done by clicking.
 */

const WEB = join(import.meta.dirname, '../hub/dist/web/index.html');
const HALL_WEB = join(import.meta.dirname, '../sync/reference-hall/dist/index.html');
const CHROMIUM = '/usr/bin/chromium';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const running = cleanUp();
let demo: Program;
let browser: Browser;
let hub: string;
let hall: string;
let invitation: string;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error('chromium is missing: apt-get install chromium');
  for (const file of [WEB, HALL_WEB]) if (!existsSync(file)) throw new Error(`${file} is missing: npm run build:web`);
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-pages-'));
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
  hall = await demo.says(/Online hall\s+(http\S+)/);
  invitation = loopback(await demo.says(/(http\S+\/join#token=\S+)/));
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  running.later(() => browser.close());
});
afterAll(() => running.run());

interface Seen {
  readonly page: Page;
  /** What the browser complained about. */
  readonly complaints: string[];
}

async function openPage(context: BrowserContext, address: string): Promise<Seen> {
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  await page.goto(address);
  return { page, complaints };
}

const PHONE = { width: 390, height: 844 } as const;
const DESK = { width: 1280, height: 800 } as const;

/** What keeps people from using the page, on a desk and on a phone: serious and critical violations of axe-core, sideways scrolling. */
async function obstacles(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const found: string[] = [];
  for (const size of [PHONE, DESK]) {
    await page.setViewportSize(size);
    const results = await page.evaluate<AxeResults>('axe.run()');
    if (results.passes.length === 0) throw new Error('axe-core looked at nothing');
    for (const { id, impact, nodes } of results.violations) {
      if (impact !== 'serious' && impact !== 'critical') continue;
      for (const { target, failureSummary } of nodes) {
        found.push(`${id} at ${size.width} px: ${target.join(' ')}: ${failureSummary ?? ''}`);
      }
    }
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
    if (wide > size.width) found.push(`${wide} px wide at ${size.width} px`);
  }
  return found;
}

const headingShows = (page: Page): Promise<void> => page.locator('h1').first().waitFor();

describe.each([
  ['zh', '演示大厅'],
  ['en', 'Hall floor'],
])('in %s', (language, floorTitle) => {
  let context: BrowserContext;
  beforeAll(async () => {
    context = await browser.newContext({ locale: language === 'zh' ? 'zh-CN' : 'en-GB' });
  });
  afterAll(() => context.close());

  test.each(['/floor', '/login', '/join', '/nowhere'])('%s loads and can be used by everybody', async (path) => {
    const { page, complaints } = await openPage(context, `${hub}${path}?lang=${language}`);
    await headingShows(page);
    if (path === '/floor') expect(await page.locator('h1').first().textContent()).toBe(floorTitle);
    expect(await page.locator('html').getAttribute('lang')).toMatch(new RegExp(`^${language}`));
    expect(await obstacles(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('the reference hall loads, with every tab', async () => {
    const { page, complaints } = await openPage(context, `${hall}?lang=${language}`);
    await headingShows(page);
    expect(await page.locator('html').getAttribute('lang')).toMatch(new RegExp(`^${language}`));
    const tabs = page.locator('nav button');
    expect(await tabs.count()).toBe(4);
    for (let tab = 0; tab < 4; tab += 1) {
      await tabs.nth(tab).click();
      await page.locator('main').waitFor();
      expect(await obstacles(page)).toEqual([]);
    }
    expect(complaints).toEqual([]);
    await page.close();
  });
});

describe('by clicking', () => {
  test('an application with a wrong number is refused in words, and with the right one is approved', async () => {
    const context = await browser.newContext();
    const { page, complaints } = await openPage(context, `${hall}?lang=zh#apply`);
    await page.getByLabel('访客姓名').fill('周小燕');
    await page.getByLabel('证件号码').fill('11010519491231002A');
    await page.getByLabel('接待人').fill('李老师');
    await page.getByRole('button', { name: '提交并批准' }).click();
    const refusal = page.getByRole('alert');
    await refusal.waitFor();
    expect(await refusal.textContent()).toBe('填写内容不符合要求，请检查：证件号码');
    await page.getByLabel('证件号码').fill('11010519491231002X');
    await page.getByRole('button', { name: '提交并批准' }).click();
    const card = page.locator('.card', { hasText: '周小燕' }).first();
    await card.getByRole('button', { name: '撤销' }).waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('a card on the reader opens the gate', async () => {
    const context = await browser.newContext();
    const { page, complaints } = await openPage(context, `${hub}/floor?lang=en`);
    await page.locator('.idcard', { hasText: '张三' }).click();
    const gate = page.locator('.gate', { hasText: 'East gate' });
    await gate.getByRole('button', { name: '张三 swipes' }).click();
    await gate.getByText('Released', { exact: true }).waitFor();
    await gate.getByRole('button', { name: 'Walk through' }).click();
    await gate.getByText('Went through').waitFor();
    expect(await page.locator('.frames li').count()).toBeGreaterThan(0);
    expect(await obstacles(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });
});

const ROWS = 'main li, main tbody tr';
/** Pages with an address of their own, and what shows that their content has come. */
const STAFF_PAGES: readonly (readonly [path: string, shows: string])[] = [
  ['/gates', 'main .lane'],
  ['/gates/paper/expected/main-campus', ROWS],
  // The demo has no terminals, no agents and no firmware.
  ['/terminals', 'main .notice'],
  ['/check-in', 'main h1 + span'],
  ['/prints', ROWS],
  // Nobody has left a top-up unfinished.
  ['/top-ups', 'main .notice'],
  ['/kiosks', 'main article'],
  ['/hall', 'main .tiles'],
  ['/devices', ROWS],
  ['/devices/east-turnstile', 'main form'],
  ['/agents', 'main .notice'],
  ['/firmware', 'main .notice'],
  ['/profiles', ROWS],
  ['/accounts', ROWS],
  ['/audit', ROWS],
];

async function pathOf(link: Locator): Promise<string> {
  const path = await link.getAttribute('href');
  if (path === null) throw new Error('the link leads nowhere');
  return path;
}

describe('staff', () => {
  test('the first operator joins through the link, logs in, and every page loads in both languages', async () => {
    const context = await browser.newContext({ locale: 'zh-CN' });
    const { page, complaints } = await openPage(context, invitation);
    await page.locator('input').nth(0).fill(FIRST_OPERATOR.login);
    await page.locator('input').nth(1).fill(FIRST_OPERATOR.name);
    await page.locator('input[type=password]').fill(FIRST_OPERATOR.password);
    await page.locator('button.primary').click();
    await page.waitForURL('**/login*');
    await page.locator('input[autocomplete=username]').fill(FIRST_OPERATOR.login);
    await page.locator('input[type=password]').fill(FIRST_OPERATOR.password);
    await page.locator('button.primary').click();
    await page.waitForURL('**/gates');
    for (const lang of ['zh', 'en']) {
      const visit = async (path: string, shows: string): Promise<void> => {
        const address = new URL(path, hub);
        address.searchParams.set('lang', lang);
        await page.goto(address.href);
        await headingShows(page);
        await page.locator(shows).first().waitFor();
        expect(await page.locator('html').getAttribute('lang'), path).toMatch(new RegExp(`^${lang}`));
        expect(await obstacles(page), `${path} ${lang}`).toEqual([]);
      };
      for (const [path, shows] of STAFF_PAGES) await visit(path, shows);
      await visit('/dorms', 'main .houses a');
      await visit(await pathOf(page.locator('main .houses a').last()), 'main tbody tr');
      await visit(await pathOf(page.locator('main tbody a').first()), 'main tbody tr');
    }
    await findTheWay(page);
    await guardTheGates(page);
    await commandByHand(page);
    // The browser notes refusals as errors: "nobody" before the log-in, and the walk-in with a wrong number.
    const expected = (text: string): boolean =>
      (text.includes('401') && text.includes('/api/session')) || (text.includes('400') && text.includes('/walk-ins'));
    expect(complaints.filter((text) => !expected(text))).toEqual([]);
    await context.close();
  });
});

const STRANGER = '440524188001010014';

/** The menu fits into one line, and opens by a tap and by keys alone. */
async function findTheWay(page: Page): Promise<void> {
  for (const [lang, width] of [
    ['zh', 1_280],
    ['zh', 820],
    ['en', 1_280],
    ['en', 820],
  ] as const) {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${hub}/gates?lang=${lang}`);
    const headings = page.locator('header nav > *');
    await headings.first().waitFor();
    const tops = new Set<number | undefined>();
    for (const heading of await headings.all()) tops.add((await heading.boundingBox())?.y);
    expect([...tops], `${lang} at ${width} px`).toHaveLength(1);
  }
  const menu = page.getByRole('navigation', { name: 'Main' });
  await menu.getByRole('button', { name: 'Devices' }).click();
  expect(await obstacles(page)).toEqual([]);
  await menu.getByRole('link', { name: 'Firmware' }).click();
  await page.waitForURL('**/firmware');
  expect(await menu.getByRole('link', { name: 'Firmware' }).isVisible()).toBe(false);
  const system = menu.getByRole('button', { name: 'System' });
  await system.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Escape');
  expect(await system.getAttribute('aria-expanded')).toBe('false');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/audit');
  await headingShows(page);
}

/**
 * A stranger is refused and admitted with two taps; a walk-in is asked for, approved by the hall and shown as approved; the
 * campus is locked down by typing its name and released; the evacuation list is there on paper.
 */
async function guardTheGates(page: Page): Promise<void> {
  const shows = await page.request.post(`${hub}/api/floor/readers/west-reader/card`, {
    headers: { 'x-hallhub': '1' },
    data: { person: STRANGER },
  });
  expect(shows.ok()).toBe(true);
  await page.setViewportSize({ width: 820, height: 1180 });
  await page.goto(`${hub}/gates?lang=zh`);
  const west = page.getByRole('region', { name: '西门' });
  await west.getByText('未找到通行授权').first().waitFor();
  await west.getByRole('button', { name: '放行', exact: true }).first().click();
  expect(await obstacles(page)).toEqual([]);
  await west.getByRole('button', { name: '接待人当面确认' }).click();
  await west.getByText('人工放行：接待人当面确认').waitFor();

  await page.getByRole('tab', { name: '现场登记' }).click();
  await page.getByRole('textbox', { name: '姓名', exact: true }).fill('赵无名');
  await page.getByRole('textbox', { name: '证件号码' }).fill('440524188001010015');
  await page.getByRole('textbox', { name: '接待人', exact: true }).fill('李老师');
  await page.getByRole('button', { name: '提交申请' }).click();
  await page.getByRole('alert').filter({ hasText: 'E-API-0101' }).waitFor();
  expect(await page.getByRole('textbox', { name: '姓名', exact: true }).inputValue()).toBe('赵无名');
  await page.getByRole('textbox', { name: '证件号码' }).fill(STRANGER);
  await page.getByRole('button', { name: '提交申请' }).click();
  await page.getByText('等待批准', { exact: true }).waitFor();
  expect(await obstacles(page)).toEqual([]);
  const desk = await page.context().newPage();
  await desk.goto(`${hall}?lang=zh#apply`);
  await desk.getByLabel('访客姓名').fill('赵无名');
  await desk.getByLabel('证件号码').fill(STRANGER);
  await desk.getByLabel('接待人').fill('李老师');
  await desk.getByRole('button', { name: '提交并批准' }).click();
  await page.getByText('已批准，可刷证进入').waitFor();
  await desk.close();

  await page.getByRole('tab', { name: '访客查询' }).click();
  await page.getByRole('textbox', { name: '姓名（今日有效）' }).fill('赵无');
  await page.getByRole('button', { name: '查询', exact: true }).click();
  await page.getByRole('tabpanel').getByText('赵*名').first().waitFor();

  await page.getByRole('tab', { name: '门区管理' }).click();
  await page
    .getByRole('article')
    .filter({ has: page.getByRole('heading', { name: '主校区' }) })
    .getByRole('button', { name: '封控', exact: true })
    .click();
  expect(await page.getByRole('button', { name: '确认', exact: true }).isDisabled()).toBe(true);
  await page.getByLabel(/以确认/).fill('主校区');
  await page.getByRole('button', { name: '确认', exact: true }).click();
  const banner = page.getByRole('status').filter({ hasText: '封控' });
  await banner.waitFor();
  expect(await obstacles(page)).toEqual([]);
  await banner.getByRole('button', { name: '恢复正常' }).click();
  await banner.getByRole('button', { name: '确认恢复' }).click();
  await banner.waitFor({ state: 'detached' });

  await page.goto(`${hub}/gates/paper/evacuation/main-campus?lang=zh`);
  await page.getByRole('heading', { name: '疏散点名单：主校区' }).waitFor();
  await page.emulateMedia({ media: 'print' });
  expect(await page.getByRole('button', { name: '打印' }).isVisible()).toBe(false);
  await page.emulateMedia({ media: 'screen' });
}

/** A turnstile is opened by hand, twice asked; then it is taken out of service and back. */
async function commandByHand(page: Page): Promise<void> {
  await page.goto(`${hub}/devices?lang=en`);
  await page.getByLabel('Search').fill('east gate');
  await page.getByLabel('Can do').selectOption({ label: 'Barrier' });
  expect(await page.locator('.devices li').count()).toBe(1);
  await page.locator('.devices a').click();
  await page.getByRole('button', { name: 'Give the command' }).click();
  expect(await obstacles(page)).toEqual([]);
  await page.getByRole('button', { name: 'Yes, do it' }).click();
  await page.getByText('Taken by the device').first().waitFor();
  await page.getByRole('button', { name: 'Steps' }).first().click();
  await page.getByText('Under way').first().waitFor();
  await page.getByRole('button', { name: 'Look (audited)' }).click();
  await page.locator('ol[tabindex] li').first().waitFor();
  expect(await obstacles(page)).toEqual([]);
  await page.getByRole('button', { name: 'Take out of service' }).click();
  await page.getByLabel('Reason').fill('belt worn');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.locator('header').getByText('Out of service').waitFor();
  expect(await page.getByRole('button', { name: 'Give the command' }).count()).toBe(0);
  expect(await obstacles(page)).toEqual([]);
  await page.getByRole('button', { name: 'Put back into service' }).click();
  await page.getByLabel('Reason').fill('new belt');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('button', { name: 'Give the command' }).waitFor();
}
