import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import type { TestContext } from 'vitest';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { OwnTicketView } from '../hub/queue/contract.ts';
import {
  boardView,
  counterView,
  ownTicket,
  serviceRows,
  staffTicket,
  waitingTickets,
  weekRows,
} from '../hub/queue/testing/views.ts';
import { cleanUp } from './testing/clean-up.ts';
import { accessFaults } from './testing/kiosk-screens.ts';
import type { Posted, QueueServer } from './testing/queue-pages.ts';
import { COUNTER, queueServer } from './testing/queue-pages.ts';
import { until } from './testing/until.ts';

/*
 * The pages of a queue in a real browser, in both languages, with a scripted hub: counter, board and phone can be used by
 * everybody (axe-core, sizes of what is touched and of what is read from afar), and do what the contract says.
 * HALLHUB_SHOTS names a folder for pictures of all of them.
 */

const WEB = join(import.meta.dirname, '../hub/dist/web');
const CHROMIUM = '/usr/bin/chromium';
const SHOTS = process.env['HALLHUB_SHOTS'];
const COUNTER_SCREEN = { width: 1024, height: 768 } as const;
const PHONE = { width: 360, height: 740 } as const;

const running = cleanUp();
let browser: Browser;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error('chromium is missing: apt-get install chromium');
  if (!existsSync(join(WEB, 'index.html'))) throw new Error(`${WEB} is missing: npm run build:web`);
  if (SHOTS !== undefined) mkdirSync(SHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  running.later(() => browser.close());
});
afterAll(() => running.run());

interface Stand {
  readonly server: QueueServer;
  readonly page: Page;
  readonly complaints: readonly string[];
  look(name: string): Promise<void>;
  posted(path: string): Promise<Posted>;
}

interface Wish {
  readonly path: string;
  readonly viewport: { readonly width: number; readonly height: number };
  readonly language?: 'zh' | 'en';
  readonly prepare?: (server: QueueServer) => void;
}

async function open({ onTestFinished }: Pick<TestContext, 'onTestFinished'>, wish: Wish): Promise<Stand> {
  const { path, viewport, language = 'zh', prepare } = wish;
  const server = await queueServer({ webRoot: WEB });
  prepare?.(server);
  const context = await browser.newContext({ viewport, reducedMotion: 'reduce', hasTouch: viewport === PHONE });
  onTestFinished(async () => {
    await context.close();
    await server.stop();
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    // The browser notes refusals and lost connections as errors; those that a test asks for are shown on the page.
    if (/409|404|ERR_|EventSource/.test(message.text())) return;
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  const separator = path.includes('?') ? '&' : '?';
  await page.goto(`${server.url}${path}${separator}lang=${language}`);
  await page.locator('h1').first().waitFor();
  return {
    server,
    page,
    complaints,
    look: async (name) => {
      if (SHOTS !== undefined) await page.screenshot({ path: join(SHOTS, `${name}-${language}.png`) });
    },
    posted: async (wanted) => {
      await until(`${wanted} is posted`, () => server.posts.some((one) => one.path === wanted));
      return server.posts.findLast((one) => one.path === wanted) ?? expect.unreachable();
    },
  };
}

/** What is smaller than it may be, or wider than the screen. */
async function sizeFaults(page: Page, least: number): Promise<readonly string[]> {
  const small = await page.evaluate<readonly string[]>(`[...document.querySelectorAll('button, a[href], input')]
    .filter((one) => one.checkVisibility())
    .map((one) => [one.textContent.trim() || one.className, one.getBoundingClientRect()])
    .filter(([, { width, height }]) => width > 0 && (width < ${least} || height < ${least}))
    .map(([name, { width, height }]) => name + ' ' + Math.round(width) + '×' + Math.round(height))`);
  const wide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
  return wide > 0 ? [...small, `${wide} px too wide`] : small;
}

const counter = (path: string): string => `/counters/${COUNTER}/${path}`;
const called = staffTicket('A012', { state: 'called', calls: 1 });
const serving = staffTicket('A012', { state: 'serving', note: '缺一张照片', person: '林*夏' });

async function openCounter(context: Pick<TestContext, 'onTestFinished'>, wish: Partial<Wish> = {}): Promise<Stand> {
  const on = await open(context, { path: `/counter/${COUNTER}`, viewport: COUNTER_SCREEN, ...wish });
  await on.page.getByRole('button', { name: /打开窗口|Open this counter/ }).click();
  await on.page.getByRole('button', { name: /呼叫下一位|Call next/ }).waitFor();
  return on;
}

describe.each(['zh', 'en'] as const)('the counter page in %s', (language) => {
  test('can be used by everybody on a small screen, with thirty waiting', async (context) => {
    const on = await openCounter(context, { language });
    const faults: string[] = [];
    const states = {
      free: () => undefined,
      called: () => {
        on.server.tellCounter({ state: 'calling', ticket: called });
      },
      serving: () => {
        on.server.tellCounter({
          ...{ state: 'serving', ticket: serving, held: [staffTicket('A003', { state: 'held' })] },
          pool: [staffTicket('B002', { state: 'parked', note: '等系主任签字' })],
        });
      },
    } as const;
    for (const [name, come] of Object.entries(states)) {
      come();
      if (name !== 'free') await on.page.getByText('A012', { exact: true }).first().waitFor();
      await on.look(`counter-${name}`);
      faults.push(...(await accessFaults(on.page)), ...(await sizeFaults(on.page, 24)));
      // Nothing that is needed while somebody is served is below the screen's edge.
      const below = await on.page.evaluate<number>(
        `Math.max(...[...document.querySelectorAll('.keys button')].map((one) => one.getBoundingClientRect().bottom)) - innerHeight`,
      );
      if (below > 0) faults.push(`${name}: keys end ${below} px below the screen`);
    }
    expect(
      await on.page
        .getByRole('list', { name: /队列|line/ })
        .getByRole('listitem')
        .count(),
    ).toBe(30);
    await on.page.keyboard.press('t');
    await on.page.getByRole('group', { name: /转到|Transfer/ }).waitFor();
    await on.look('counter-transfer');
    faults.push(...(await accessFaults(on.page)), ...(await sizeFaults(on.page, 24)));
    expect(faults).toEqual([]);
    expect(on.complaints).toEqual([]);
  });

  test('lists the counters of the hall', async (context) => {
    const on = await open(context, { path: '/counter', viewport: COUNTER_SCREEN, language });
    await on.page.getByText(language === 'zh' ? '4 号窗口' : 'Counter 4').waitFor();
    await on.look('counters');
    expect([...(await accessFaults(on.page)), ...(await sizeFaults(on.page, 24))]).toEqual([]);
  });
});

describe('at a counter', () => {
  test('who opens it chooses what they do there, and is shown the same choice the next time', async (context) => {
    const on = await open(context, { path: `/counter/${COUNTER}`, viewport: COUNTER_SCREEN });
    const { page } = on;
    const boxes = page.getByRole('checkbox');
    await boxes.nth(2).waitFor();
    const openKey = page.getByRole('button', { name: '打开窗口' });
    for (const box of await boxes.all()) await box.uncheck();
    expect(await openKey.isDisabled()).toBe(true);
    await boxes.nth(1).check();
    await openKey.click();
    expect((await on.posted(counter('open'))).body).toEqual({ takeOver: false, services: ['transcript'] });
    await page.getByRole('button', { name: /呼叫下一位/ }).waitFor();
    // Another tab of the same browser has no lease, and the same memory.
    const url = page.url();
    const later = await page.context().newPage();
    await page.close();
    await later.goto(url);
    const again = later.getByRole('checkbox');
    await again.nth(2).waitFor();
    expect(await Promise.all((await again.all()).map((box) => box.isChecked()))).toEqual([false, true, false]);
  });

  test('everything is done by keys, with the lease of this session', async (context) => {
    const on = await openCounter(context);
    on.server.answers.set(counter('next'), counterView({ state: 'calling', ticket: called }));
    await on.page.keyboard.press('n');
    expect(await on.posted(counter('next'))).toMatchObject({ lease: 'lease-1', body: {} });
    await on.page.getByRole('button', { name: /开始办理/ }).waitFor();
    on.server.answers.set(counter('begin'), counterView({ state: 'serving', ticket: serving }));
    await on.page.keyboard.press('b');
    await on.page.getByText('办理中').first().waitFor();
    await on.page.keyboard.press('s');
    await on.page.getByRole('group', { name: '这次还办什么？' }).waitFor();
    await on.page.keyboard.press('3');
    await on.page.keyboard.press('2');
    expect((await on.posted(counter('service'))).body).toEqual({ service: 'cards', quantity: 2 });
    on.server.answers.set(counter('finish'), counterView({ state: 'free', served: 18 }));
    on.server.tellCounter({ state: 'serving', ticket: serving });
    await on.page.getByText('办理中').first().waitFor();
    // While an order is under way no key gives another one.
    const note = on.page.getByLabel(/备注/);
    const askToFinish = (): Promise<unknown> =>
      until('it is asked how it ended', async () => {
        if (await note.isVisible()) return true;
        await on.page.keyboard.press('f');
        return note.isVisible();
      });
    await askToFinish();
    // What is written fires no key, and digits in it choose nothing.
    await note.fill('');
    await on.page.keyboard.type('n2 材料已收');
    await on.page.keyboard.press('Escape');
    await note.waitFor({ state: 'hidden' });
    await askToFinish();
    await on.page.keyboard.press('1');
    expect((await on.posted(counter('finish'))).body).toEqual({ outcome: 'served' });
    await on.page.getByText('今日办结 18 人').waitFor();
    expect(on.server.posts.filter(({ path }) => path === counter('next'))).toHaveLength(1);
    expect(on.complaints).toEqual([]);
  });

  test('a key or a button that is held down orders once', async (context) => {
    const on = await openCounter(context);
    // The answer leaves everything as it is: only the keys themselves keep it from being ordered again.
    for (let times = 0; times < 5; times += 1) await on.page.keyboard.down('n');
    await on.page.keyboard.up('n');
    await on.posted(counter('next'));
    await on.page.getByRole('button', { name: /呼叫下一位/ }).focus();
    for (let times = 0; times < 5; times += 1) await on.page.keyboard.down('Enter');
    await on.page.keyboard.up('Enter');
    await until(
      'the button has ordered',
      () => on.server.posts.filter(({ path }) => path === counter('next')).length > 1,
    );
    expect(on.server.posts.filter(({ path }) => path === counter('next'))).toHaveLength(2);
  });

  test('a number is called out of order with a reason', async (context) => {
    const on = await openCounter(context);
    const wanted = waitingTickets(30)[17] ?? expect.unreachable();
    await on.page.keyboard.press('o');
    await on.page.getByLabel('输入号码查找').fill(wanted.number.toLowerCase());
    await on.page.keyboard.press('Enter');
    await on.page.getByRole('group', { name: new RegExp(wanted.number) }).waitFor();
    await on.page.keyboard.press('3');
    expect((await on.posted(counter('call'))).body).toEqual({ ticket: wanted.id, reason: '事情紧急' });
  });

  test('what the hub refuses is said in words, and the question stays', async (context) => {
    const on = await openCounter(context);
    on.server.tellCounter({ state: 'serving', ticket: serving });
    await on.page.getByText('办理中').first().waitFor();
    await on.page.keyboard.press('p');
    await on.page.getByRole('group', { name: '暂存给谁？' }).waitFor();
    on.server.refusals.set(counter('park'), 'E-QUEUE-0207');
    await on.page.keyboard.press('1');
    await on.page.getByRole('alert').filter({ hasText: '这个号现在不能这样操作' }).waitFor();
    await on.page.getByRole('group', { name: '暂存给谁？' }).waitFor();
  });

  test('another session is asked before it is taken over, and told when it is', async (context) => {
    const on = await open(context, { path: `/counter/${COUNTER}`, viewport: COUNTER_SCREEN });
    on.server.refusals.set(counter('open'), 'E-QUEUE-0202');
    await on.page.getByRole('button', { name: '打开窗口' }).click();
    await on.page.getByRole('alertdialog').waitFor();
    await on.look('counter-take-over');
    expect(await accessFaults(on.page)).toEqual([]);
    await on.page.getByRole('button', { name: '接管', exact: true }).click();
    await on.page.getByRole('button', { name: /呼叫下一位/ }).waitFor();
    expect(on.server.posts.map(({ body }) => body)).toEqual([{ takeOver: false }, { takeOver: true }]);
    on.server.refusals.set(counter('next'), 'E-QUEUE-0203');
    await on.page.keyboard.press('n');
    await on.page.getByRole('heading', { name: '这个窗口已在别处打开' }).waitFor();
    const before = on.server.posts.length;
    await on.page.keyboard.press('n');
    await on.page.getByRole('button', { name: '在这里接管' }).click();
    await on.page.getByRole('button', { name: /呼叫下一位/ }).waitFor();
    expect(on.server.posts.slice(before).map(({ path }) => path)).toEqual([counter('open')]);
  });

  test('a page whose counter was taken over stops by itself, before a key is pressed', async (context) => {
    const on = await openCounter(context);
    on.server.tellCounter({ state: 'calling', session: 2, by: '陈立', ticket: called });
    await on.page.getByRole('heading', { name: '这个窗口已在别处打开' }).waitFor();
    await on.page.keyboard.press('n');
    await on.page.reload();
    await on.page
      .getByRole('button', { name: /打开窗口|接管/ })
      .first()
      .waitFor();
    expect(on.server.posts.some(({ path }) => path === counter('next'))).toBe(false);
  });

  test('the page may be loaded again, and goes on with its lease', async (context) => {
    const on = await openCounter(context);
    await on.page.reload();
    await on.page.getByRole('button', { name: /呼叫下一位/ }).waitFor();
    await on.page.keyboard.press('n');
    expect((await on.posted(counter('next'))).lease).toBe('lease-1');
  });

  test('a hub that goes away is told, and followed again without a reload when it is back', async (context) => {
    const on = await openCounter(context);
    on.server.dark(true);
    await on.page.getByText('与中心的连接已中断').waitFor();
    on.server.dark(false);
    on.server.tellCounter({ state: 'calling', ticket: called });
    await on.page.getByRole('button', { name: /开始办理/ }).waitFor();
    await on.page.getByText('与中心的连接已中断').waitFor({ state: 'detached' });
  });
});

const BOARDS = {
  landscape: { width: 1920, height: 1080 },
  portrait: { width: 1080, height: 1920 },
} as const;
/** In a screen of 1080 lines: Chinese glyphs of 25 mm at 55 inches, which is the distance of five metres / 200. */
const LEAST_TYPE = 44;

describe.each(Object.keys(BOARDS) as (keyof typeof BOARDS)[])('the board, %s', (way) => {
  const notice = { zh: '4 号窗口 15:00 后不办理离校手续', en: 'Counter 4: no leaving papers after 15:00' };
  // As long as the form for it takes.
  const long = { zh: '通知'.repeat(15), en: 'Notices '.repeat(7) };

  test.each([
    ['without a notice', {}],
    ['with a notice', { notice }],
    ['with the longest notice', { notice: long }],
  ])('can be read from five metres, %s', async (name, change) => {
    const on = await open(
      { onTestFinished },
      {
        path: '/board/main',
        viewport: BOARDS[way],
        prepare: (server) => server.views.set('/halls/main/board', boardView(change)),
      },
    );
    await on.page.getByText('A012').waitFor();
    if ('notice' in change) await on.page.getByText(change.notice.zh).waitFor();
    await on.look(`board-${way}-${name.replaceAll(' ', '-')}`);
    const small = await on.page.evaluate<readonly string[]>(`[...document.querySelectorAll('.board *')]
      .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''))
      .filter((one) => parseFloat(getComputedStyle(one).fontSize) < ${LEAST_TYPE})
      .map((one) => one.textContent.trim() + ' ' + getComputedStyle(one).fontSize)`);
    expect(small).toEqual([]);
    // Burn-in shift included, nothing is cut off at the edges.
    const cut = await on.page.evaluate<
      readonly string[]
    >(`[...document.querySelectorAll('.board p, .board h1, .board li')]
      .map((one) => [one.textContent.trim(), one.getBoundingClientRect(), one])
      .filter(([, { left, top, right, bottom }, one]) => left < 8 || top < 8 || right > innerWidth - 8 || bottom > innerHeight - 8 || one.scrollWidth > one.clientWidth + 1)
      .map(([text, { left, top, right, bottom }]) => text + ' ' + [left, top, right, bottom].map(Math.round).join(','))`);
    expect(cut).toEqual([]);
    // Nor by the list in which it stands.
    const clipped = await on.page.evaluate<
      readonly string[]
    >(`[...document.querySelectorAll('.board li:not(.empty) > *')]
      .filter((one) => one.getBoundingClientRect().bottom > one.closest('ul, ol').getBoundingClientRect().bottom + 1)
      .map((one) => one.textContent.trim())`);
    expect(clipped).toEqual([]);
    // Contrast of 7:1, which is more than the standards ask for.
    expect([...(await accessFaults(on.page)), ...(await accessFaults(on.page, ['color-contrast-enhanced']))]).toEqual(
      [],
    );
    expect(on.complaints).toEqual([]);
  });
});

describe('the board', () => {
  test('shows a new call at once, and lets it stand out until somebody is there', async (context) => {
    const on = await open(context, { path: '/board/main', viewport: BOARDS.landscape });
    await on.page.locator('.newest.calling').getByText('A012').waitFor();
    const { calls, counters } = boardView();
    const view = boardView({
      calls: [{ ...(calls[0] ?? expect.unreachable()), number: 'B008', counter: 'w2' }, ...calls],
      counters: counters.map((one) => (one.id === 'w2' ? { ...one, state: 'calling', number: 'B008' } : one)),
    });
    on.server.tell('queue/main/board', '/halls/main/board', view);
    await on.page.locator('.newest.calling').getByText('B008').waitFor();
    on.server.tell('queue/main/board', '/halls/main/board', {
      ...view,
      counters: view.counters.map((one) => ({ ...one, state: 'serving' })),
    });
    await on.page.locator('.newest:not(.calling)').getByText('B008').waitFor();
  });

  test('that hears nothing says so, keeps what it knew, and is right again by itself', async (context) => {
    const on = await open(context, { path: '/board/main', viewport: BOARDS.landscape });
    await on.page.getByText('A012').waitFor();
    on.server.dark(true);
    await on.page.getByText('信息可能已过时').waitFor();
    await on.look('board-stale');
    expect(await on.page.getByText('A012').count()).toBe(1);
    on.server.dark(false);
    on.server.tell('queue/main/board', '/halls/main/board', boardView({ calls: boardView().calls.slice(1) }));
    await on.page.getByText('信息可能已过时').waitFor({ state: 'detached' });
    await on.page.locator('.newest').getByText('B007').waitFor();
  });
});

describe.each(['zh', 'en'] as const)('the phone in %s', (language) => {
  test('takes a number at the door and gives it back', async (context) => {
    const mine = ownTicket();
    const on = await open(context, { path: '/q/main?door=K7QM2X4PabcD', viewport: PHONE, language });
    await on.page.getByRole('button', { name: /在读证明盖章|Enrolment/ }).waitFor();
    await on.look('phone-services');
    const faults = [...(await accessFaults(on.page)), ...(await sizeFaults(on.page, 40))];
    await on.page.getByRole('button', { name: /在读证明盖章|Enrolment/ }).tap();
    await on.page.getByRole('heading', { name: /请带好|have with you/ }).waitFor();
    await on.look('phone-confirm');
    faults.push(...(await accessFaults(on.page)), ...(await sizeFaults(on.page, 40)));
    on.server.answers.set('/halls/main/tickets', mine);
    await on.page.getByRole('button', { name: /^(取号|Take a number)$/ }).tap();
    expect((await on.posted('/halls/main/tickets')).body).toEqual({ service: 'enrolment', door: 'K7QM2X4PabcD' });
    await on.page.getByText('A041').waitFor();
    await on.look('phone-waiting');
    faults.push(...(await accessFaults(on.page)), ...(await sizeFaults(on.page, 40)));
    const path = `/tickets/${mine.key}`;
    const tell = (change: Partial<OwnTicketView>): void => {
      on.server.tell(`queue/ticket/${mine.key}`, path, { ...mine, ...change });
    };
    tell({ ahead: 1 });
    await on.page.getByText(/前面还有 1 人|1 person ahead/).waitFor();
    tell({ state: 'called', counter: { zh: '3 号窗口', en: 'Counter 3' }, ahead: 0 });
    await on.page.getByText(/请到 3 号窗口|Go to Counter 3/).waitFor();
    await on.look('phone-called');
    faults.push(...(await accessFaults(on.page)), ...(await sizeFaults(on.page, 40)));
    tell({ ahead: 2 });
    await on.page.getByRole('button', { name: /取消这个号|Give this number back/ }).tap();
    on.server.answers.set(`${path}/cancel`, ownTicket({ state: 'cancelled' }));
    await on.page.getByRole('button', { name: /确定取消|^Give it back/ }).tap();
    await on.page.getByText(/已取消|Cancelled/).waitFor();
    expect(faults).toEqual([]);
    expect(on.complaints).toEqual([]);
  });
});

test('a phone without the code of the door sees the lines and takes nothing', async (context) => {
  const on = await open(context, { path: '/q/main', viewport: PHONE });
  await on.page.getByText('只能看，不能取号').waitFor();
  await on.page.getByRole('button', { name: /校园卡/ }).tap();
  expect(await on.page.getByRole('button', { name: /^取号/ }).isDisabled()).toBe(true);
});

describe.each(['zh', 'en'] as const)('the pages of staff in %s', (language) => {
  const statistics = (server: QueueServer, rows = serviceRows()): void => {
    server.views.set('/statistics', (asked: URLSearchParams) => ({
      ...{ hall: asked.get('hall'), from: asked.get('from'), to: asked.get('to'), by: asked.get('by') },
      rows: asked.get('by') === 'hour' && rows.length > 0 ? weekRows() : rows,
    }));
  };

  test('a notice is shown on the boards in both languages, and taken down', async (context) => {
    const on = await open(context, { path: '/queue', viewport: { width: 1280, height: 900 }, language });
    const zh = on.page.getByRole('textbox', { name: /^(中文|In Chinese)$/ });
    await zh.fill('系统维护');
    const key = on.page.getByRole('button', { name: /^(显示|Show it)$/ });
    expect(await key.isDisabled()).toBe(true);
    await on.page.getByRole('textbox', { name: /^(英文|In English)$/ }).fill('Maintenance');
    on.server.answers.set('/halls/main/notice', { text: { zh: '系统维护', en: 'Maintenance' } });
    await key.click();
    expect((await on.posted('/halls/main/notice')).body).toEqual({ text: { zh: '系统维护', en: 'Maintenance' } });
    await on.page.getByText(/^\s*(今天有效|today)\s*$/).waitFor();
    await on.look('lines');
    expect([...(await accessFaults(on.page)), ...(await sizeFaults(on.page, 24))]).toEqual([]);
    on.server.answers.set('/halls/main/notice', {});
    await on.page.getByRole('button', { name: /撤下|Take it down/ }).click();
    await on.page.getByText(/^\s*(今天有效|today)\s*$/).waitFor({ state: 'detached' });
    expect(on.complaints).toEqual([]);
  });

  test('statistics can be read by everybody', async (context) => {
    const wish = { path: '/queue-statistics', viewport: { width: 1280, height: 900 }, language, prepare: statistics };
    const on = await open(context, wish);
    await on.page.getByRole('cell', { name: /成绩单复核|Corrections/ }).waitFor();
    const target = language === 'zh' ? '93% 目标 20 分钟内' : '93% target 20 min';
    await on.page.getByRole('cell', { name: target }).waitFor();
    await on.page.getByRole('heading', { name: /一周热力图|The week/ }).waitFor();
    // The longest wait now, and how many wait beyond the limit.
    await on.page.getByRole('row', { name: /12 23.0 2 4.0/ }).waitFor();
    await on.look('statistics');
    expect([...(await accessFaults(on.page)), ...(await sizeFaults(on.page, 24))]).toEqual([]);
    await on.page.locator('form select').last().selectOption('counter');
    await on.page
      .getByRole('columnheader', { name: /窗口|Counter/ })
      .nth(1)
      .waitFor();
    const link = await on.page.getByRole('link', { name: 'CSV' }).getAttribute('href');
    expect(link).toMatch(
      /^\/api\/queue\/statistics\.csv\?hall=main&from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d&by=counter$/,
    );
    expect(on.complaints).toEqual([]);
  });

  test('a time without numbers is told', async (context) => {
    const wish = {
      ...{ path: '/queue-statistics', viewport: COUNTER_SCREEN, language },
      prepare: (server: QueueServer) => {
        statistics(server, []);
      },
    };
    const on = await open(context, wish);
    await on.page.getByText(/这段时间没有取号|No numbers were taken/).waitFor();
    expect(await accessFaults(on.page)).toEqual([]);
  });

  test('lines: a number is taken for somebody', async (context) => {
    const on = await open(context, { path: '/queue', viewport: COUNTER_SCREEN, language });
    await on.page.getByRole('link', { name: /3 号窗口|Counter 3/ }).waitFor();
    on.server.answers.set('/halls/main/tickets/behalf', {
      ticket: { ...ownTicket({ url: 'https://hub.example.edu/t/Zk3vQ8w1xY5mT9aB' }), id: 't1' },
      paper: 'screen',
    });
    await on.page.getByRole('combobox', { name: /^(业务|Service)$/ }).selectOption('enrolment');
    await on.page.getByRole('combobox', { name: /^(优先|Priority)$/ }).selectOption('elderly');
    await on.page.getByRole('button', { name: /^(取号|Take a number)$/ }).click();
    expect((await on.posted('/halls/main/tickets/behalf')).body).toEqual({ service: 'enrolment', class: 'elderly' });
    await on.page.getByText('A041').waitFor();
    await on.look('lines');
    expect([...(await accessFaults(on.page)), ...(await sizeFaults(on.page, 22))]).toEqual([]);
    expect(on.complaints).toEqual([]);
  });
});
