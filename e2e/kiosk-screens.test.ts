import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import type { TestContext } from 'vitest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScriptedServer } from '../kiosk-app/testing/scripted-server.ts';
import { KIOSK, person, quietHall, scriptedServer } from '../kiosk-app/testing/scripted-server.ts';
import { ownTicket } from '../hub/queue/testing/views.ts';
import { cleanUp } from './testing/clean-up.ts';
import { LAUNCHER } from './testing/hub-process.ts';
import { COLOUR_RULES, PANEL, accessFaults, touchFaults } from './testing/kiosk-screens.ts';
import { until } from './testing/until.ts';

/*
 * Every screen of a kiosk on a panel of 1080×1920, in both languages, large, low and in high contrast: everybody can use it
 * (axe-core), touch it (80 px, 16 px apart, in reach), and nothing is cut off. Driven with a scripted server, because a real
 * one is not easily brought into all of these states. HALLHUB_SHOTS names a folder for pictures of all of them.
 */

const UI = join(import.meta.dirname, '../kiosk-app/dist/ui');
const CHROMIUM = '/usr/bin/chromium';
const SHOTS = process.env['HALLHUB_SHOTS'];

const running = cleanUp();
let browser: Browser;
let document: Uint8Array;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error('chromium is missing: apt-get install chromium');
  if (!existsSync(join(UI, 'index.html'))) throw new Error(`${UI} is missing: npm run build:web`);
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-kiosk-'));
  running.later(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'transcript.pdf');
  execFileSync(process.execPath, [LAUNCHER, 'certificate', 'preview', 'transcript', '--out', file]);
  document = readFileSync(file);
  if (SHOTS !== undefined) mkdirSync(SHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  running.later(() => browser.close());
});
afterAll(() => running.run());

/** A panel of its own with a server of its own, so that several can stand beside each other. */
interface Stand {
  readonly server: ScriptedServer;
  readonly page: Page;
  /** What the page has complained of. */
  readonly complaints: readonly string[];
  tap(name: string | RegExp): Promise<void>;
  heading(name: string | RegExp): Promise<void>;
  /** Lets the page's time go on, by `time` at least, until the heading stands there: answers of the hub come in real time. */
  comesTo(name: string | RegExp, time: number): Promise<void>;
  posted(path: string): Promise<unknown>;
  type(digits: string): Promise<void>;
}

async function open(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  language: 'zh' | 'en' = 'zh',
): Promise<Stand> {
  const server = await scriptedServer({ webRoot: UI, script: quietHall(document) });
  const context = await browser.newContext({ viewport: PANEL, hasTouch: true, reducedMotion: 'reduce' });
  onTestFinished(async () => {
    await context.close();
    await server.stop();
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    // The browser notes refusals as errors; those that a test asks for are shown on the screen.
    if (message.text().includes('409')) return;
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  await page.clock.install();
  await page.goto(`${server.url}/kiosk/${KIOSK}?lang=${language}`);
  await page.locator('h1').first().waitFor();
  return {
    server,
    page,
    complaints,
    tap: (name) => page.getByRole('button', { name }).first().tap(),
    heading: (name) => page.getByRole('heading', { name, level: 1 }).waitFor(),
    comesTo: async (name, time) => {
      const heading = page.getByRole('heading', { name, level: 1 });
      await page.clock.runFor(time);
      await until(`${String(name)} is shown`, async () => {
        if (await heading.isVisible()) return true;
        await page.clock.runFor(1_000);
        return false;
      });
    },
    posted: (path) => until(`${path} is posted`, () => server.posts.some((one) => one.path === path)),
    type: async (digits) => {
      for (const digit of digits) await page.getByRole('button', { name: digit, exact: true }).tap();
    },
  };
}

/** Each screen, by what is touched and said to come there. */
const SCREENS: Readonly<Record<string, (on: Stand) => Promise<void>>> = {
  attract: () => Promise.resolve(),
  'attract, printer out of paper': async (on) => {
    on.server.show({
      printer: { id: 'printer', state: 'attention', code: 'E-PRN-0201', paper: 'empty', toner: 'ok' },
      elsewhere: { id: 'library', label: { zh: '图书馆一层', en: 'Library, ground floor' } },
    });
    await on.page.getByRole('alert').waitFor();
  },
  'attract, printer unfit for certificates': async (on) => {
    on.server.show({
      printer: { id: 'printer', state: 'attention', code: 'E-CERT-0602', paper: 'ok', toner: 'ok' },
      elsewhere: { id: 'library', label: { zh: '图书馆一层', en: 'Library, ground floor' } },
    });
    await on.page.getByText('E-CERT-0602').waitFor();
  },
  'out of service': async (on) => {
    on.server.show({
      outOfService: { since: person().until },
      elsewhere: { id: 'library', label: { zh: '图书馆一层', en: 'Library, ground floor' } },
    });
    await on.heading(/本机暂停服务|out of service/);
  },
  'hub gone': async (on) => {
    on.server.show({ hub: 'gone' });
    await on.heading(/暂时无法办理|Not available/);
  },
  'hall gone': async (on) => {
    on.server.show({ hall: 'gone' });
    await on.page.getByText(/网上办事大厅暂时|online hall cannot/).waitFor();
  },
  identify: async (on) => {
    await on.tap(/打印证明|Print a cert/);
    await on.heading(/验证方式|know you/);
    on.server.show({ notice: { code: 'E-KIOSK-0103' } });
    await on.page.getByRole('alert').waitFor();
  },
  'identify by card': async (on) => {
    await on.tap(/打印证明|Print a cert/);
    await on.tap(/身份证|Resident ID/);
    await on.heading(/身份证|Resident ID/);
  },
  'identify by phone': async (on) => {
    await on.tap(/打印证明|Print a cert/);
    await on.tap(/手机校园码|QR code/);
    await on.heading(/手机校园码|QR code/);
  },
  'identify by pick-up code': async (on) => {
    await on.tap(/打印证明|Print a cert/);
    await on.tap(/取件码|Pick-up/);
    on.server.script.refusals.set('/identify/pick-up', 'E-KIOSK-0201');
    await on.type('7QK4X2MA');
    await on.tap(/^(确定|OK)$/);
    await on.page.getByRole('alert').waitFor();
  },
  'identify by number': async (on) => {
    await on.tap(/打印证明|Print a cert/);
    await on.tap(/学号|Student number/);
    await on.type('20230417');
  },
  'identify by one-time code': async (on) => {
    await SCREENS['identify by number']?.(on);
    await on.tap(/下一步|Next/);
    await on.heading(/请输入验证码|Enter the code/);
    await on.type('123');
  },
  choose: async (on) => {
    on.server.show({ person: person() });
    await on.heading(/林\*夏/);
  },
  list: async (on) => {
    await on.tap(/打印证明|Print a cert/);
    on.server.show({ person: person() });
    await on.page
      .getByRole('button', { name: /在读证明|of enrolment/ })
      .first()
      .waitFor();
  },
  'nothing to print': async (on) => {
    on.server.script.certificates = [];
    await on.tap(/打印证明|Print a cert/);
    on.server.show({ person: person() });
    await on.heading(/没有可打印|nothing to print/);
  },
  preview: async (on) => {
    await SCREENS['list']?.(on);
    await on.tap(/成绩单|transcript/);
    await on.page.locator('canvas').waitFor();
  },
  'preview, enlarged': async (on) => {
    await SCREENS['preview']?.(on);
    await on.tap(/放大|Enlarge/);
    await on.page.getByRole('button', { name: /整页|Whole page/ }).waitFor();
  },
  copies: async (on) => {
    await SCREENS['preview']?.(on);
    await on.tap(/内容无误|It is right/);
    await on.tap(/增加|One more/);
    await on.page.getByRole('button', { name: /打印 2 份|Print 2/ }).waitFor();
  },
  printing: async (on) => {
    await SCREENS['copies']?.(on);
    await on.tap(/打印 2 份|Print 2/);
    await on.heading(/排队|Waiting/);
    on.server.tellJob({ state: 'sent', impressions: 4 });
    await on.heading(/正在打印|Printing/);
  },
  'printer waits for paper': async (on) => {
    await SCREENS['printing']?.(on);
    on.server.tellJob({ code: 'E-PRN-0201' });
    await on.heading(/打印机需要处理|needs a person/);
  },
  printed: async (on) => {
    await SCREENS['printing']?.(on);
    on.server.tellJob({ state: 'printed', impressions: 6 });
    await on.heading(/请取走证明和证件|Take your papers/);
  },
  'not printed': async (on) => {
    await SCREENS['printing']?.(on);
    on.server.tellJob({ state: 'not-printed', code: 'E-CERT-0405' });
    await on.heading(/没有打印|Nothing was printed/);
  },
  uncertain: async (on) => {
    await SCREENS['printing']?.(on);
    on.server.tellJob({ state: 'uncertain', code: 'E-CERT-0406' });
    await on.heading(/待人工确认|must look/);
  },
  farewell: async (on) => {
    await SCREENS['printed']?.(on);
    await on.tap(/已取走|Taken/);
    await on.heading(/请取走证明和证件|Please take/);
  },
  'idle question': async (on) => {
    await SCREENS['list']?.(on);
    await on.page.clock.runFor(46_000);
    await on.page.getByRole('alertdialog').waitFor();
  },
  'campus card': async (on) => {
    await on.tap(/校园卡|Campus card/);
    on.server.show({ person: person() });
    await on.page.getByText('¥ 128.50').waitFor();
  },
  transactions: async (on) => {
    await SCREENS['campus card']?.(on);
    await on.tap(/流水|Records/);
    await on.page
      .getByText(/食堂|Canteen/)
      .first()
      .waitFor();
  },
  'report lost': async (on) => {
    await SCREENS['campus card']?.(on);
    await on.tap(/挂失|Report lost/);
    await on.heading(/确定挂失|Report this card/);
  },
  amounts: async (on) => {
    await SCREENS['campus card']?.(on);
    await on.tap(/充值|Top up/);
    await on.heading(/充值多少|How much/);
  },
  pay: async (on) => {
    await SCREENS['amounts']?.(on);
    await on.tap(/¥ 50/);
    await on.heading(/扫码付款|Scan with/);
  },
  'credit unknown': async (on) => {
    await SCREENS['pay']?.(on);
    on.server.script.topUp = { ...on.server.script.topUp, state: 'credit-unknown' };
    await on.comesTo(/还在核实|being checked/, 2_500);
  },
  tickets: async (on) => {
    await on.tap(/取号|Take a number/);
    await on.heading(/您要办什么|What is it about/);
  },
  'tickets: no paper': async (on) => {
    await SCREENS['tickets']?.(on);
    on.server.tellQueue({ paper: 'out' });
    await on.page.getByText(/本机缺纸|There is no paper/).waitFor();
  },
  'tickets: all services': async (on) => {
    await SCREENS['tickets']?.(on);
    await on.tap(/全部业务|All services/);
    await on.page.getByText(/今天的号已经取完|tickets of today are gone/).waitFor();
  },
  'tickets: identify': async (on) => {
    await SCREENS['tickets']?.(on);
    await on.tap(/我的预约和办件|My appointments/);
    await on.heading(/验证方式|know you/);
  },
  'tickets: mine': async (on) => {
    await SCREENS['tickets: identify']?.(on);
    on.server.show({ person: person() });
    await on.page.getByText(/可以签到取号|Check in and take/).waitFor();
  },
  'tickets: what to bring': async (on) => {
    await SCREENS['tickets']?.(on);
    await on.tap(/在读证明盖章|Enrolment cert/);
    await on.heading(/在读证明盖章|Enrolment cert/);
  },
  'tickets: taken': async (on) => {
    await SCREENS['tickets: what to bring']?.(on);
    await on.tap(/^(取号|Take a number)/);
    await on.heading(/请取走号票|take your ticket/);
  },
  'tickets: taken without paper': async (on) => {
    on.server.script.taken = { ...on.server.script.taken, paper: 'screen', code: 'E-ESC-0101' };
    await SCREENS['tickets: what to bring']?.(on);
    await on.tap(/^(取号|Take a number)/);
    await on.heading(/请记下您的号码|note your number/);
  },
  'tickets: has one': async (on) => {
    const ticket = ownTicket({ service: 'enrolment', url: 'https://hub.example.edu/t/Zk3vQ8w1xY5mT9aB' });
    on.server.script.mine = { ...on.server.script.mine, tickets: [ticket], appointments: [] };
    on.server.script.refusals.set('/queue/tickets', 'E-QUEUE-0106');
    await SCREENS['tickets: identify']?.(on);
    on.server.show({ person: person() });
    await on.page.getByText(/您的号 A041|Your number A041/).waitFor();
    await on.tap(/^(在读证明盖章|Enrolment cert)/);
    await on.tap(/^(取号|Take a number)/);
    await on.heading(/您已经有号了|You have a number already/);
  },
  'service: PIN': async (on) => {
    on.server.show({ service: { state: 'pin', until: person().until } });
    await on.heading(/维护模式|Service mode/);
    await on.type('12');
  },
  service: async (on) => {
    on.server.show({ service: { state: 'open', until: person().until } });
    await on.page.getByRole('button', { name: /测试页|Test page/ }).waitFor();
  },
  'service: devices': async (on) => {
    await SCREENS['service']?.(on);
    await on.tap(/设备状态|Devices/);
    await on.page.getByRole('button', { name: /身份证阅读器|Resident ID/ }).waitFor();
  },
  'service: a device': async (on) => {
    await SCREENS['service: devices']?.(on);
    await on.tap(/身份证阅读器|Resident ID/);
    await on.heading(/身份证阅读器|Resident ID/);
  },
  'service: a name in pinyin': async (on) => {
    await SCREENS['service']?.(on);
    await on.tap(/触摸与键盘|Touch and keys/);
    for (const letter of 'ouyangzhe') await on.page.getByRole('button', { name: letter, exact: true }).tap();
    await on.page.getByRole('button', { name: '欧阳', exact: true }).tap();
    await on.page
      .getByRole('button', { name: '喆', exact: true })
      .or(on.page.getByRole('button', { name: '这', exact: true }))
      .first()
      .waitFor();
  },
  'service: refill': async (on) => {
    await SCREENS['service']?.(on);
    await on.tap(/补充耗材|Refill/);
    await on.page.getByRole('button', { name: /500/ }).waitFor();
  },
};

const SWITCHES = {
  large: { zh: '大字', en: 'Large' },
  contrast: { zh: '对比', en: 'Contrast' },
  low: { zh: '低位', en: 'Low' },
} as const;
const LOOKS: readonly (readonly (keyof typeof SWITCHES)[])[] = [[], ['large'], ['low', 'contrast'], ['large', 'low']];

/** What somebody could stumble over on a screen, in every look that it can be given. */
async function faultsOf(on: Stand, name: string, language: 'zh' | 'en'): Promise<readonly string[]> {
  // Said to the page at once: that the switches can be touched is what is looked at.
  const flip = (switches: readonly (keyof typeof SWITCHES)[]): Promise<void> =>
    on.page.evaluate(`for (const name of ${JSON.stringify(switches.map((one) => SWITCHES[one][language]))})
      [...document.querySelectorAll('.switches button')].find((one) => one.textContent === name).click()`);
  const isAsking = (await on.page.getByRole('alertdialog').count()) > 0;
  const faults: string[] = [];
  let worn: readonly (keyof typeof SWITCHES)[] = [];
  for (const look of isAsking ? [[]] : LOOKS) {
    await flip([...worn.filter((one) => !look.includes(one)), ...look.filter((one) => !worn.includes(one))]);
    worn = look;
    await on.page.clock.runFor(300);
    const called = [name, language, ...look].join('-').replaceAll(/[^\w.-]+/g, '-');
    if (SHOTS !== undefined) await on.page.screenshot({ path: join(SHOTS, `${called}.png`) });
    // Sizes and places are those of all looks; names and roles of one; colours of two, whatever is written in them.
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

describe('a session', () => {
  test('ends with everything wiped: settings, language, name', async (context) => {
    const on = await open(context);
    await SCREENS['list']?.(on);
    await on.tap('English');
    await on.tap('Large');
    await on.tap(/I am not/);
    await on.posted('/leave');
    await on.heading('已退出，屏幕已清除');
    await on.tap('好的');
    await on.heading('请选择要办理的业务');
    expect(await on.page.locator('html').getAttribute('data-large')).toBeNull();
    expect(await on.page.content()).not.toContain('林*夏');
  });

  test('of somebody else begins with nothing of the one before', async (context) => {
    const on = await open(context);
    await SCREENS['copies']?.(on);
    on.server.script.certificates = [];
    on.server.show({ person: person('s2', '林*夏') });
    await on.heading(/林\*夏，您好/);
    expect(await on.page.getByText('本科生成绩单').count()).toBe(0);
  });

  test('is extended by Go on, again and again, and forgotten otherwise', async (context) => {
    const on = await open(context);
    await SCREENS['list']?.(on);
    for (let times = 0; times < 10; times += 1) {
      await on.page.clock.runFor(46_000);
      await on.tap('继续');
      await on.page.getByRole('alertdialog').waitFor({ state: 'detached' });
    }
    await on.comesTo('请选择要办理的业务', 66_000);
    await on.posted('/leave');
  });

  test('does not end while it prints, and the paper of somebody who left is shown to nobody in particular', async (context) => {
    const on = await open(context);
    await SCREENS['printing']?.(on);
    await on.comesTo(/正在打印/, 120_000);
    await on.tap('退出');
    await on.posted('/leave');
    await on.heading(/正在打印/);
    expect(await on.page.content()).not.toContain('林*夏');
    on.server.tellJob({ state: 'printed', impressions: 6 });
    await on.heading(/请取走证明和证件/);
    await on.comesTo('请选择要办理的业务', 12_000);
  });
});

describe('a number', () => {
  test('is taken once, whatever is touched twice, and for nobody in particular', async (context) => {
    const on = await open(context);
    await SCREENS['tickets: what to bring']?.(on);
    await on.page.getByRole('button', { name: /^取号/ }).dblclick();
    await on.heading('请取走号票');
    const orders = on.server.posts.filter(({ path }) => path === '/queue/tickets');
    expect(orders).toEqual([{ path: '/queue/tickets', body: { service: 'enrolment' } }]);
    await on.comesTo('请选择要办理的业务', 66_000);
    expect(await on.page.content()).not.toContain('A041');
  });

  test('that is on no paper stays on the screen without the hub, until it was noted', async (context) => {
    const on = await open(context);
    await SCREENS['tickets: taken without paper']?.(on);
    on.server.dark(true);
    await on.comesTo('请记下您的号码', 90_000);
    on.server.dark(false);
    await on.page.clock.runFor(6_000);
    await on.tap('我已记下');
    await on.heading('请选择要办理的业务');
  });

  test('is taken for an appointment by whoever showed a card', async (context) => {
    const on = await open(context);
    await SCREENS['tickets: mine']?.(on);
    await on.tap(/可以签到取号/);
    await on.tap(/^取号/);
    await on.posted('/queue/tickets');
    expect(on.server.posts.find(({ path }) => path === '/queue/tickets')?.body).toEqual({
      service: 'enrolment',
      appointment: 'ap1',
    });
    await on.heading('请取走号票');
  });
});

describe('the hub', () => {
  test('that goes away is told within seconds, and used again without a reload when it is back', async (context) => {
    const on = await open(context);
    await on.page.evaluate('window.stillTheSame = true');
    on.server.dark(true);
    await on.comesTo('暂时无法办理', 6_000);
    on.server.dark(false);
    await on.comesTo('请选择要办理的业务', 6_000);
    expect(await on.page.evaluate('window.stillTheSame')).toBe(true);
  });

  test('that goes away in mid-print leaves the job on the screen, and its end is learned afterwards', async (context) => {
    const on = await open(context);
    await SCREENS['printing']?.(on);
    on.server.dark(true);
    await on.page.clock.runFor(6_000);
    await on.page.getByText('已送到打印机的内容会打印完成').waitFor();
    await on.heading(/正在打印/);
    if (on.server.script.job) on.server.script.job = { ...on.server.script.job, state: 'printed', impressions: 6 };
    on.server.dark(false);
    await on.comesTo(/请取走证明和证件/, 6_000);
  });
});

test('what is on the preview can be neither selected nor saved', async (context) => {
  const on = await open(context);
  await SCREENS['preview']?.(on);
  await on.page.keyboard.press('Control+a');
  expect(await on.page.evaluate('getSelection().toString()')).toBe('');
  const allowed = await on.page.evaluate<boolean>(
    `document.querySelector('canvas').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }))`,
  );
  expect(allowed).toBe(false);
});

test('nothing inline runs on the page', async (context) => {
  const on = await open(context);
  await on.page.evaluate(
    `document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }))`,
  );
  expect(await on.page.evaluate('window.ran')).toBeUndefined();
});
