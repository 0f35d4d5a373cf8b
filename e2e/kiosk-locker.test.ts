import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import type { TestContext } from 'vitest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LockerOrderView, LockerPassView } from '../hub/lockers/terminal-contract.ts';
import type { ScriptedServer } from '../kiosk-app/testing/scripted-server.ts';
import { KIOSK, quietHall, scriptedServer } from '../kiosk-app/testing/scripted-server.ts';
import { cleanUp } from './testing/clean-up.ts';
import { COLOUR_RULES, PANEL, accessFaults, touchFaults } from './testing/kiosk-screens.ts';
import { until } from './testing/until.ts';

/*
 * The screens at a cabinet, in both languages, large, low and in high contrast, and what they ask of the agent beside it. Driven
 * with a scripted agent. HALLHUB_SHOTS names a folder for pictures of all of them.
 */

const UI = join(import.meta.dirname, '../kiosk-app/dist/ui');
const CHROMIUM = '/usr/bin/chromium';
const SHOTS = process.env['HALLHUB_SHOTS'];
const PATIENCE = 30_000;

const running = cleanUp();
let browser: Browser;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error('chromium is missing: apt-get install chromium');
  if (!existsSync(join(UI, 'index.html'))) throw new Error(`${UI} is missing: npm run build:web`);
  if (SHOTS !== undefined) mkdirSync(SHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  running.later(() => browser.close());
});
afterAll(() => running.run());

interface Stand {
  readonly server: ScriptedServer;
  readonly page: Page;
  readonly complaints: readonly string[];
  tap(name: string | RegExp): Promise<void>;
  /** Lets the page's time go on until the heading stands there: answers of the agent come in real time. */
  comesTo(name: string | RegExp): Promise<void>;
  says(text: string | RegExp): Promise<void>;
  type(code: string): Promise<void>;
  /** The order as the agent has it from now on. */
  tell(change: Partial<LockerOrderView>): void;
  /** What the order becomes once the question on the screen is answered. */
  tellOnceAnswered(change: Partial<LockerOrderView>): void;
  bodies(path: string): readonly unknown[];
  posted(path: string): Promise<unknown>;
}

async function open(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  language: 'zh' | 'en' = 'zh',
): Promise<Stand> {
  const script = quietHall(new Uint8Array());
  script.view = { ...script.view, modes: ['print', 'locker'] };
  const server = await scriptedServer({ webRoot: UI, script });
  const context = await browser.newContext({ viewport: PANEL, hasTouch: true, reducedMotion: 'reduce' });
  onTestFinished(async () => {
    await context.close();
    await server.stop();
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints: string[] = [];
  page.on('console', (message) => {
    // The browser notes refusals and lost connections as errors; those that a test asks for are shown on the screen.
    if (/\b409\b|net::/.test(message.text())) return;
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  await page.clock.install();
  await page.goto(`${server.url}/kiosk/${KIOSK}?lang=${language}`);
  await page.locator('h1').first().waitFor();
  const goingOn = (what: string, isThere: () => Promise<boolean>): Promise<unknown> =>
    until(
      what,
      async () => {
        if (await isThere()) return true;
        await page.clock.runFor(1_000);
        return false;
      },
      { within: PATIENCE },
    );
  const bodies = (path: string): readonly unknown[] =>
    server.posts.filter((one) => one.path === path).map(({ body }) => body);
  return {
    server,
    page,
    complaints,
    tap: (name) => page.getByRole('button', { name }).first().tap(),
    comesTo: async (name) => {
      const heading = page.getByRole('heading', { name, level: 1 });
      await goingOn(`${String(name)} is shown`, () => heading.isVisible());
    },
    says: async (text) => {
      await goingOn(`${String(text)} is said`, () => page.getByText(text).first().isVisible());
    },
    type: async (code) => {
      for (const digit of code) await page.getByRole('button', { name: digit, exact: true }).tap();
      await page.getByRole('button', { name: /^(确定|OK)$/ }).tap();
    },
    tell: (change) => {
      script.locker.order = { ...script.locker.order, ...change };
    },
    tellOnceAnswered: (change) => {
      script.locker.answered = change;
    },
    bodies,
    posted: (path) => until(`${path} is posted`, () => bodies(path).length > 0, { within: PATIENCE }),
  };
}

const letter: LockerPassView = { id: 'out', purpose: 'collect', size: 'small', compartment: 'B12' };
const returned: LockerPassView = { id: 'back', purpose: 'return', size: 'medium', compartment: 'C03' };
/** Shown at the reader, whenever the page listens. */
const show = (on: Stand, ...passes: LockerPassView[]): Promise<unknown> =>
  until('somebody listens', () => on.server.showAtCabinet({ session: 'l2', passes }) > 0, { within: PATIENCE });

const SCREENS: Readonly<Record<string, (on: Stand) => Promise<void>>> = {
  'first screen without the hub': async (on) => {
    on.server.show({ hub: 'gone' });
    await on.says('E-KIOSK-0301');
    await on.page.getByRole('button', { name: /存件取件|Drop off or/ }).waitFor();
  },
  show: async (on) => {
    await on.tap(/存件取件|Drop off or/);
    await on.comesTo(/请出示二维码或刷卡|Show your QR/);
  },
  'show without the hub': async (on) => {
    on.server.show({ hub: 'gone' });
    await SCREENS['show']?.(on);
    await on.says(/此前已批准的存取件仍可办理|approved before can still/);
  },
  type: async (on) => {
    await SCREENS['show']?.(on);
    await on.tap(/输入存取件码|Type the locker/);
    await on.comesTo(/请输入存取件码|Enter the locker/);
  },
  'wrong code': async (on) => {
    await SCREENS['type']?.(on);
    on.server.script.refusals.set('/locker/present', 'E-LOCK-0102');
    await on.type('123456');
    await on.says('E-LOCK-0102');
  },
  'too many wrong codes': async (on) => {
    await SCREENS['type']?.(on);
    on.server.script.refusals.set('/locker/present', 'E-LOCK-0103');
    await on.type('123456');
    await on.says('E-LOCK-0103');
  },
  'out of order': async (on) => {
    on.server.script.locker.view = { ...on.server.script.locker.view, working: false };
    await on.tap(/存件取件|Drop off or/);
    await on.comesTo(/柜门暂时不能打开|cannot be opened/);
  },
  'in order again': async (on) => {
    await SCREENS['out of order']?.(on);
    on.server.script.locker.view = { ...on.server.script.locker.view, working: true };
    await on.comesTo(/请出示二维码或刷卡|Show your QR/);
  },
  size: async (on) => {
    await SCREENS['type']?.(on);
    await on.type('123456');
    await on.comesTo(/需要多大的格口|How large/);
  },
  'size, none of it free': async (on) => {
    on.server.script.locker.view = { ...on.server.script.locker.view, free: { small: 0, medium: 0, large: 1 } };
    await SCREENS['size']?.(on);
    on.server.script.refusals.set('/locker/begin', 'E-LOCK-0104');
    await on.tap(/大格|Large /);
    await on.says('E-LOCK-0104');
  },
  full: async (on) => {
    on.server.script.locker.view = {
      ...on.server.script.locker.view,
      free: { small: 0, medium: 0, large: 0 },
      elsewhere: { zh: '西校区文件柜，今天 22:00 前可用', en: 'Document lockers, west campus, until 22:00 today' },
    };
    await SCREENS['type']?.(on);
    await on.type('123456');
    await on.comesTo(/格口已满|Every compartment/);
  },
  opening: async (on) => {
    await SCREENS['size']?.(on);
    await on.tap(/小格|Small/);
    await on.comesTo(/正在打开柜门|Opening the door/);
  },
  open: async (on) => {
    await SCREENS['opening']?.(on);
    on.tell({ state: 'open' });
    await on.comesTo(/柜门已打开|door is open/);
  },
  'shut it': async (on) => {
    await SCREENS['open']?.(on);
    on.tell({ shutIt: true });
    await on.comesTo(/请把柜门关好|Please shut the door/);
  },
  'put in?': async (on) => {
    await SCREENS['open']?.(on);
    on.tell({ state: 'asking', mayReopen: true, askedUntil: Date.now() + 600_000 });
    await on.comesTo(/放进去了吗|Did you put it in/);
  },
  stored: async (on) => {
    await SCREENS['put in?']?.(on);
    on.tellOnceAnswered({ state: 'ended', outcome: 'stored', sure: false });
    await on.tap(/放好了|Yes, and the door/);
    await on.comesTo(/已存入|It is stored/);
  },
  'larger one': async (on) => {
    await SCREENS['put in?']?.(on);
    on.tellOnceAnswered({ state: 'ended', outcome: 'cancelled' });
    await on.tap(/没放进去|No, it is not/);
    await on.comesTo(/已取消|Cancelled/);
    await on.tap(/换一个格口|Another compartment/);
    await on.comesTo(/换一个大些|A larger/);
  },
  'nothing larger': async (on) => {
    on.server.script.locker.view = { ...on.server.script.locker.view, free: { small: 1, medium: 0, large: 0 } };
    await SCREENS['larger one']?.(on);
    await on.says(/没有更大的空闲格口|Nothing larger is free/);
  },
  'another door': async (on) => {
    await SCREENS['opening']?.(on);
    on.tell({ state: 'ended', outcome: 'not-opened', next: 'o2' });
    await on.comesTo(/正在换一个格口|Finding another/);
  },
  'another door, open': async (on) => {
    await SCREENS['another door']?.(on);
    on.server.script.locker.order = {
      id: 'o2',
      purpose: 'deposit',
      compartment: 'A11',
      state: 'open',
      shutIt: false,
    };
    await on.comesTo(/柜门已打开|door is open/);
    await on.says(/A07 没有打开|A07 did not open/);
  },
  several: async (on) => {
    await SCREENS['show']?.(on);
    await show(on, letter, returned, { id: 'in', purpose: 'deposit', size: 'large' });
    await on.comesTo(/共有 3 件|3 things/);
  },
  collect: async (on) => {
    await SCREENS['show']?.(on);
    await show(on, letter);
    await on.comesTo(/^(取件|Collect)$/);
  },
  'collect, out of use': async (on) => {
    await SCREENS['collect']?.(on);
    on.server.script.refusals.set('/locker/begin', 'E-LOCK-0106');
    await on.tap(/打开柜门|Open the door/);
    await on.says('E-LOCK-0106');
  },
  'taken?': async (on) => {
    on.tell({ purpose: 'collect', compartment: 'B12', state: 'asking', mayReopen: false });
    await SCREENS['collect']?.(on);
    await on.tap(/打开柜门|Open the door/);
    await on.comesTo(/取出来了吗|Did you take/);
  },
  collected: async (on) => {
    await SCREENS['taken?']?.(on);
    on.tellOnceAnswered({ state: 'ended', outcome: 'collected', sure: true });
    await on.tap(/取出来了，门|Yes, and the door/);
    await on.comesTo(/已取件|Collected/);
  },
  'not opened': async (on) => {
    on.tell({ purpose: 'collect', compartment: 'B12', state: 'ended', outcome: 'not-opened' });
    await SCREENS['collect']?.(on);
    await on.tap(/打开柜门|Open the door/);
    await on.comesTo(/柜门没有打开|did not open/);
  },
  unclear: async (on) => {
    await SCREENS['put in?']?.(on);
    on.tell({ state: 'ended', outcome: 'unclear' });
    await on.comesTo(/需要工作人员核实|Staff must look/);
  },
  interrupted: async (on) => {
    await SCREENS['open']?.(on);
    on.tell({ state: 'ended', outcome: 'interrupted' });
    await on.comesTo(/开门过程中断了|was interrupted/);
  },
  refused: async (on) => {
    await SCREENS['opening']?.(on);
    on.tell({ state: 'ended', outcome: 'refused' });
    await on.comesTo(/这次没有开门|No door was/);
  },
  'over, midway': async (on) => {
    await SCREENS['open']?.(on);
    on.server.script.locker.orderRefusal = 'E-LOCK-0108';
    await on.comesTo(/这次办理已结束|This visit has ended/);
  },
  'agent gone midway': async (on) => {
    await SCREENS['open']?.(on);
    on.server.dark(true);
    await on.says(/柜机暂时没有应答|does not answer/);
  },
};

const SWITCHES = {
  large: { zh: '大字', en: 'Large' },
  contrast: { zh: '对比', en: 'Contrast' },
  low: { zh: '低位', en: 'Low' },
} as const;
type Switch = keyof typeof SWITCHES;
const LOOKS: readonly (readonly Switch[])[] = [[], ['large'], ['low', 'contrast'], ['large', 'low']];

async function faultsOf(on: Stand, name: string, language: 'zh' | 'en'): Promise<readonly string[]> {
  const flip = (switches: readonly Switch[]): Promise<void> =>
    on.page.evaluate(`for (const name of ${JSON.stringify(switches.map((one) => SWITCHES[one][language]))})
      [...document.querySelectorAll('.switches button')].find((one) => one.textContent === name).click()`);
  const faults: string[] = [];
  let worn: readonly Switch[] = [];
  for (const look of LOOKS) {
    await flip([...worn.filter((one) => !look.includes(one)), ...look.filter((one) => !worn.includes(one))]);
    worn = look;
    await on.page.clock.runFor(300);
    const called = [name, language, ...look].join('-').replaceAll(/[^\w.-]+/g, '-');
    if (SHOTS !== undefined) await on.page.screenshot({ path: join(SHOTS, `${called}.png`) });
    const found = [...(await touchFaults(on.page))];
    if (look.length === 0) found.push(...(await accessFaults(on.page)));
    else if (look.includes('contrast') && language === 'zh') found.push(...(await accessFaults(on.page, COLOUR_RULES)));
    faults.push(...found.map((one) => `${look.join(' and ')}: ${one}`));
  }
  return faults;
}

describe.concurrent.each(['zh', 'en'] as const)('in %s', (language) => {
  test.for(Object.keys(SCREENS))(
    '%s can be used by everybody, whatever it is made to look like',
    async (name, context) => {
      const on = await open(context, language);
      await SCREENS[name]?.(on);
      expect(await faultsOf(on, name, language)).toEqual([]);
      expect(on.complaints).toEqual([]);
    },
  );
});

describe('at a cabinet', () => {
  test('a document is dropped off by a code, whatever is touched twice', async (context) => {
    const on = await open(context);
    await SCREENS['size']?.(on);
    await on.page.getByRole('button', { name: /中格/ }).dblclick();
    await on.comesTo('正在打开柜门');
    expect(on.bodies('/locker/present')).toEqual([{ code: '123456' }]);
    expect(on.bodies('/locker/begin')).toEqual([{ session: 'l1', pass: 'in', size: 'medium' }]);
    on.tell({ state: 'asking', mayReopen: true });
    await on.comesTo('物品放进去了吗？');
    on.tellOnceAnswered({ state: 'open' });
    await on.tap('再打开一次');
    await on.comesTo('柜门已打开');
    on.tell({ state: 'asking', mayReopen: false });
    await on.comesTo('物品放进去了吗？');
    expect(await on.page.getByRole('button', { name: '再打开一次' }).count()).toBe(0);
    on.tellOnceAnswered({ state: 'ended', outcome: 'stored', sure: true });
    await on.tap(/放好了/);
    await on.comesTo('已存入');
    expect(on.bodies('/locker/orders/o1')).toEqual([
      { session: 'l1', answer: 'again' },
      { session: 'l1', answer: 'done' },
    ]);
    await on.tap('结束');
    await on.comesTo('请选择要办理的业务');
    await on.posted('/locker/end');
    expect(on.bodies('/locker/end')).toEqual([{ session: 'l1' }]);
  });

  test('several things are collected one after the other', async (context) => {
    const on = await open(context);
    await SCREENS['show']?.(on);
    await show(on, letter, returned);
    await on.comesTo(/共有 2 件/);
    await on.tap(/取回退件/);
    on.tell({ purpose: 'return', compartment: 'C03', state: 'ended', outcome: 'collected' });
    await on.tap('打开柜门');
    await on.comesTo('已取件');
    await on.tap(/继续办理/);
    await on.says('B12');
    await on.tap('打开柜门');
    await on.comesTo('已取件');
    expect(await on.page.getByRole('button', { name: /继续办理/ }).count()).toBe(0);
    expect(on.bodies('/locker/begin')).toEqual([
      { session: 'l2', pass: 'back' },
      { session: 'l2', pass: 'out' },
    ]);
  });

  test('whoever walks away is forgotten, here and by the agent', async (context) => {
    const on = await open(context);
    await SCREENS['collect']?.(on);
    await on.says('您还在吗？');
    await on.comesTo('请选择要办理的业务');
    await on.posted('/locker/end');
    expect(on.bodies('/locker/end')).toEqual([{ session: 'l2' }]);
    expect(await on.page.content()).not.toContain('B12');
    await SCREENS['show']?.(on);
    expect(await on.page.content()).not.toContain('B12');
  });

  test('nobody is sent away from a door that stands open, nor by a hub that goes', async (context) => {
    const on = await open(context);
    await SCREENS['open']?.(on);
    on.server.show({ hub: 'gone' });
    await on.page.clock.runFor(120_000);
    await on.comesTo('柜门已打开');
    on.server.dark(true);
    await on.says(/柜机暂时没有应答/);
    on.server.dark(false);
    on.tell({ state: 'ended', outcome: 'stored', sure: true });
    await on.comesTo('已存入');
  });

  test('what is shown at the reader after somebody has typed a code lets nobody in', async (context) => {
    const on = await open(context);
    await SCREENS['size']?.(on);
    await until('nobody listens', () => on.server.showAtCabinet({ session: 'late', passes: [letter] }) === 0, {
      within: PATIENCE,
    });
    expect(await on.page.content()).not.toContain('B12');
    await on.comesTo('需要多大的格口？');
  });
});
